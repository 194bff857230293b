"""W2L Studio: lips that follow a new language, in a finished edit."""

__version__ = "0.1.0"
