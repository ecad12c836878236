"""The descriptions of all operations in the schema, which the views use as decorators."""
