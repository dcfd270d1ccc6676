"""Dashboards as code, made from the metric declarations: ``python -m deploy.grafana.generate``."""
