"""What is agreed before a roll-out begins, and what it comes to: policy, cohorts, rates; pure."""
