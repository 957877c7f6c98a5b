"""How Sphinx makes the site: from Markdown, with the Furo theme, and with nothing from elsewhere."""

project = "zota"
author = "The zota maintainers"
copyright = "the zota maintainers, GPL-3.0-or-later"
extensions = ["myst_parser"]
root_doc = "index"
source_suffix = {".md": "markdown"}

myst_heading_anchors = 6  # the anchors that readers of a repository get
nitpicky = True
highlight_language = "none"  # of a fence that names none
# What is printed here as an excerpt need not be whole in its language.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "zota"
html_static_path = ["own"]
html_css_files = ["zota.css"]
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_theme_options = {"navigation_with_keys": True}
pygments_style = "default"
pygments_dark_style = "monokai"
smartquotes = False  # what is to be typed stays as it is
