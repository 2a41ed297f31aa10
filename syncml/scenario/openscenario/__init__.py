"""OpenSCENARIO XML 1.0 to 1.3: files of others, read into storyboards."""
