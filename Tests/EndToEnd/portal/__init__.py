"""What the end-to-end tests share: a server of their own, and clients that nobody of the server's authors wrote."""
