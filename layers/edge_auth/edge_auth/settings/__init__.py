"""The settings of the functions: a module for each, with the record that its environment is read into."""
