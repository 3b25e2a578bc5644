"""The forecasting exam: real series that trained nothing, forecast by the service and by the field's methods."""
