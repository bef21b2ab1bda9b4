-- The two users of one service's database. Run once as an administrator, in a new and empty database of that service:
--
--   psql --dbname incident_intake --set service=incident_intake --set owner_password=… --set password=… --file roles.sql
--
-- incident_intake_owner  owns the tables and runs migrations:  database.migration_url
-- incident_intake        serves, may not change audit rows, and is held by row-level security: database.url
--
-- services/schildwacht/tests/it/roles.rs runs this file and serves with these users.
-- The service itself gives the second user what it needs after each migration (crates/storage/src/privileges.rs).

SELECT current_database() AS database \gset

CREATE ROLE :"service" LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
SELECT :'service' || '_owner' AS owner \gset
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password' NOSUPERUSER NOCREATEDB NOCREATEROLE;

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"service", :"owner";

-- Before PostgreSQL 15 everybody may make tables there.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";
GRANT USAGE ON SCHEMA public TO :"service";
