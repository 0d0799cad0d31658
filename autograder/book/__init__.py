"""The book: a static site of all chapters, executed, whose widgets move without a kernel."""
