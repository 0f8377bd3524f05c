"""The service's wire format, without input or output: values to calls, replies to values or errors."""
