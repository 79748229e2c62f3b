//! A real PostgreSQL that needs no installation.
