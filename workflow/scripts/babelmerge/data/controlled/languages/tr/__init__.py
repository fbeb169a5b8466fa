"""Turkish: its forms are in `lexicon`, its sentences in `grammar`."""
