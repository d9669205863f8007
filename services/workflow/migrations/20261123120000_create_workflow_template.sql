-- One row per workflow that can be executed.
CREATE TABLE workflow_template (
    workflow_template_id uuid        PRIMARY KEY,
    name                 text        NOT NULL,
    title                text        NOT NULL,
    description          text        NOT NULL,
    category             text        NOT NULL,
    icon                 text        NOT NULL,
    -- The version that new runs take.
    version              integer     NOT NULL CHECK (version > 0),
    is_active            boolean     NOT NULL,
    is_public            boolean     NOT NULL,
    -- Seconds.
    estimated_duration   integer     NOT NULL CHECK (estimated_duration >= 0),
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX workflow_template_name_idx ON workflow_template (name);

-- What a version does. Never changed, because runs that took it read it again.
CREATE TABLE workflow_template_version (
    workflow_template_id uuid        NOT NULL REFERENCES workflow_template,
    version              integer     NOT NULL,
    definition           jsonb       NOT NULL,
    input_schema         jsonb       NOT NULL,
    output_schema        jsonb       NOT NULL,
    created_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workflow_template_id, version)
);
