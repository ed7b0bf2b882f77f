"""`.cursor/rules` and `.cursorignore`, generated parts kept apart from what people wrote."""
