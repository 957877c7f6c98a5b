"""What Service Users and the DCC say to each other over the web: DUIS requests, responses, alerts; pure."""
