"""What the targets made of torch's own recurrent modules share."""
