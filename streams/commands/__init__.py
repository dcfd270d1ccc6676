"""The subcommands of `watchfloor`: one module each, imported when called."""
