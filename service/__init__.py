"""Serves recurrent networks over HTTP and says how far each answer can be trusted."""
