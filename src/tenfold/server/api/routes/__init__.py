"""What can be asked, group by group."""
