-- One row per run. Together with its steps it is the journal from which a run goes on after a crash.
CREATE TABLE workflow_execution (
    -- UUIDv7, so the primary key is also the order.
    workflow_execution_id uuid        PRIMARY KEY,
    -- Owned by the auth service, so there is no foreign key to follow.
    user_id               uuid        NOT NULL,
    -- The client's own name for the run, or ours.
    execution_id          text        NOT NULL CHECK (char_length(execution_id) BETWEEN 1 AND 200),
    workflow_template_id  uuid        NOT NULL,
    template_version      integer     NOT NULL,
    status                text        NOT NULL DEFAULT 'pending'
                          CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    input_data            jsonb       NOT NULL,
    output_data           jsonb,
    error_message         text        NOT NULL DEFAULT '',
    error_step            integer,
    trace_id              text        NOT NULL,
    -- The number of its latest event.
    last_seq              integer     NOT NULL DEFAULT 0,
    started_at            timestamptz,
    completed_at          timestamptz,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    -- The columns of elenchus-durable's queue.
    due_at                timestamptz,
    leased_by             uuid,
    leased_until          timestamptz,
    fence                 bigint      NOT NULL DEFAULT 0,
    attempt               integer     NOT NULL DEFAULT 0,
    FOREIGN KEY (workflow_template_id, template_version) REFERENCES workflow_template_version
);

-- A repeated execution_id of one user is the same run; it tells nothing of other users' runs.
CREATE UNIQUE INDEX workflow_execution_user_id_execution_id_idx
    ON workflow_execution (user_id, execution_id);

-- Serves ListExecutions: one user's runs, newest first.
CREATE INDEX workflow_execution_user_id_workflow_execution_id_idx
    ON workflow_execution (user_id, workflow_execution_id DESC);

-- Serves the queue: the runs that are due.
CREATE INDEX workflow_execution_due_at_idx ON workflow_execution (due_at) WHERE due_at IS NOT NULL;

-- Serves the figures of a template.
CREATE INDEX workflow_execution_workflow_template_id_status_idx
    ON workflow_execution (workflow_template_id, status);

-- One row per step, and one per activity of a step that runs many.
CREATE TABLE workflow_step (
    workflow_step_id      uuid        PRIMARY KEY,
    workflow_execution_id uuid        NOT NULL REFERENCES workflow_execution ON DELETE CASCADE,
    -- Such as `review`, or `review/map[3]/find` for a part of it.
    path                  text        NOT NULL,
    step_name             text        NOT NULL,
    -- A part has the index of the step that it belongs to.
    step_index            integer     NOT NULL,
    step_type             text        NOT NULL,
    is_part               boolean     NOT NULL GENERATED ALWAYS AS (path <> step_name) STORED,
    -- How many parts the step has. 0 where it has none.
    part_count            integer     NOT NULL DEFAULT 0,
    status                text        NOT NULL DEFAULT 'pending'
                          CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    input_data            jsonb,
    output_data           jsonb,
    error_message         text        NOT NULL DEFAULT '',
    attempt               integer     NOT NULL DEFAULT 0,
    started_at            timestamptz,
    completed_at          timestamptz,
    created_at            timestamptz NOT NULL DEFAULT now()
);

-- A step is recorded once; when it comes again it answers from its row.
CREATE UNIQUE INDEX workflow_step_workflow_execution_id_path_idx
    ON workflow_step (workflow_execution_id, path);

-- What happened in a run, for those who watch it. `seq` is given under the lock of the run's row.
CREATE TABLE workflow_event (
    workflow_execution_id uuid             NOT NULL REFERENCES workflow_execution ON DELETE CASCADE,
    seq                   integer          NOT NULL,
    type                  text             NOT NULL,
    status                text             NOT NULL,
    -- The path of the step. Empty when the event is about the run.
    step_name             text             NOT NULL,
    step_index            integer,
    progress_percentage   double precision NOT NULL,
    error_message         text             NOT NULL,
    created_at            timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (workflow_execution_id, seq)
);

-- How far a run has come: every step counts the same, and a step with parts counts by its parts.
CREATE VIEW workflow_progress AS
SELECT step.workflow_execution_id,
       count(*) FILTER (WHERE step.status = 'completed')::integer AS current_step,
       count(*)::integer AS total_steps,
       100.0 * sum(CASE
           WHEN step.status = 'completed' THEN 1.0
           WHEN step.part_count > 0 THEN (
               SELECT count(*)::double precision / step.part_count
               FROM workflow_step part
               WHERE part.workflow_execution_id = step.workflow_execution_id
                 AND part.step_index = step.step_index AND part.is_part AND part.status = 'completed')
           ELSE 0.0
       END)::double precision / count(*) AS progress_percentage
FROM workflow_step step
WHERE NOT step.is_part
GROUP BY step.workflow_execution_id;
