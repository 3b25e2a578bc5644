-- The service's role and its database: it owns that, and is no superuser. May be run again, to change the password.
\set ON_ERROR_STOP on
\getenv password UNROLL_DATABASE_PASSWORD
SELECT 'CREATE ROLE unroll' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'unroll') \gexec
ALTER ROLE unroll LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SELECT 'CREATE DATABASE unroll OWNER unroll' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'unroll') \gexec
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
