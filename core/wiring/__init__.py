"""The discovery of modules, their dependency injection, and the rules that they keep."""
