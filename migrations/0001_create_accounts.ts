import { type Kysely, sql } from "kysely";

/**
 * Who is asking: organizations (the tenants), their projects, users, tokens and audit trail.
 * Times everywhere have three digits: cursors are made of them, and JavaScript's Date holds no more.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table organizations (
      id uuid primary key,
      name text not null,
      default_project_id uuid not null,
      created_at timestamptz(3) not null
    );

    create table projects (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      name text not null,
      description text,
      created_at timestamptz(3) not null,
      primary key (organization_id, id)
    );
    create unique index projects_name_key on projects (organization_id, lower(name));

    create table users (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      name text not null,
      email text not null,
      role text not null check (role in ('VIEWER', 'REVIEWER', 'EDITOR', 'ADMIN')),
      created_at timestamptz(3) not null,
      primary key (organization_id, id)
    );
    create unique index users_email_key on users (organization_id, lower(email));

    create table api_tokens (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      user_id uuid not null,
      name text not null,
      prefix text not null,
      secret_hash text not null,
      role text not null check (role in ('VIEWER', 'REVIEWER', 'EDITOR', 'ADMIN')),
      expires_at timestamptz(3),
      last_used_at timestamptz(3),
      revoked_at timestamptz(3),
      created_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users (organization_id, id)
    );
    create unique index api_tokens_secret_hash_key on api_tokens (secret_hash);
    comment on column api_tokens.prefix is 'The first characters of the secret, to tell tokens apart.';
    comment on column api_tokens.secret_hash is 'SHA-256 of the secret, hexadecimal: secrets have 256 random bits, so no slow hash is needed.';

    create table audit_events (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      at timestamptz(3) not null,
      actor_id uuid,
      token_id uuid,
      action text not null,
      target_type text,
      target_id uuid,
      remote_address text,
      details jsonb not null default '{}',
      primary key (organization_id, id)
    );
    create index audit_events_target on audit_events (organization_id, target_id, id);
    create index audit_events_action on audit_events (organization_id, action, id);

    create table idempotency_keys (
      organization_id uuid not null references organizations (id),
      mutation text not null,
      key text not null,
      input_hash text not null,
      answer jsonb not null,
      created_at timestamptz(3) not null,
      primary key (organization_id, mutation, key)
    );
    create index idempotency_keys_created_at on idempotency_keys (created_at);
  `.execute(db);
}
