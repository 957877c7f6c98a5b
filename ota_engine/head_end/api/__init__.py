"""The fleet over HTTP for programs: every question and every act, and their description."""
