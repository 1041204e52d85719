"""Official documents: kinds, numbers, issuing, attachments, service."""
