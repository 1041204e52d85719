"""What every site of the office shares: base page, stylesheet, pictures, languages, error pages."""
