"""The commands: options, a call, a print, an exit code; the only place that joins the two towers."""
