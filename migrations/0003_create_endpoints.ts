import { type Kysely, sql } from "kysely";

/**
 * Who is asked, and the models that judge. What shapes a call is a version of its own, which runs pin; limits and
 * credentials stay on the endpoint and are read live.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table endpoints (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      project_id uuid not null,
      name text not null,
      description text,
      version_id uuid not null,
      credentials text,
      timeout_ms integer not null,
      max_concurrency integer not null,
      requests_per_minute integer,
      max_attempts integer not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      deleted_at timestamptz(3),
      primary key (organization_id, id),
      foreign key (organization_id, project_id) references projects (organization_id, id)
    );
    create unique index endpoints_name_key on endpoints (organization_id, project_id, lower(name)) where deleted_at is null;
    comment on column endpoints.version_id is 'The present version.';
    comment on column endpoints.credentials is 'Secrets of the authentication and secret header values: JSON, encrypted with AES-256-GCM; null when there are none.';

    create table endpoint_versions (
      organization_id uuid not null,
      id uuid not null,
      endpoint_id uuid not null,
      version_hash text not null,
      connection_type text not null check (connection_type in ('REST', 'WEBSOCKET', 'OPENAI_CHAT')),
      url text not null,
      method text not null check (method in ('GET', 'POST', 'PUT', 'PATCH')),
      request_headers jsonb not null default '{}',
      query_params jsonb not null default '{}',
      request_mapping jsonb,
      response_mapping jsonb not null default '{}',
      auth jsonb not null default '{"type":"NONE"}',
      created_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, endpoint_id) references endpoints (organization_id, id) deferrable initially deferred
    );
    create unique index endpoint_versions_hash_key on endpoint_versions (organization_id, endpoint_id, version_hash);
    comment on column endpoint_versions.request_headers is 'Secret values stand as ***; the endpoint''s credentials hold them.';
    comment on column endpoint_versions.auth is 'What of the authentication is no secret: type, headerName, username, clientId, tokenUrl, scopes, audience.';

    create table models (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      name text not null,
      provider text not null,
      base_url text not null,
      model text not null,
      embedding_model text,
      api_key text,
      timeout_ms integer not null,
      max_concurrency integer not null,
      requests_per_minute integer,
      max_attempts integer not null,
      input_cost_per_million_tokens double precision,
      output_cost_per_million_tokens double precision,
      created_at timestamptz(3) not null,
      deleted_at timestamptz(3),
      primary key (organization_id, id)
    );
    create unique index models_name_key on models (organization_id, lower(name)) where deleted_at is null;
    comment on column models.api_key is 'Encrypted with AES-256-GCM.';
  `.execute(db);
}
