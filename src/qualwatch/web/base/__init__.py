"""The ground that every door stands on: base page, stylesheet, pictures, languages, error pages."""
