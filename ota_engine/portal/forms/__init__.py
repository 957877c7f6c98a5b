"""Forms of decisions, made of the fields of acts; what is given in them, read; knows no HTTP and no page."""
