"""Django's SQLite with shorter waits for the one transaction that may write."""
