-- The sums of one user's UTC day, kept with each new event and computable anew from the log.
CREATE TABLE user_analytics (
    user_id            uuid   NOT NULL,
    date               date   NOT NULL,
    total_queries      bigint NOT NULL,
    prompt_tokens      bigint NOT NULL,
    completion_tokens  bigint NOT NULL,
    -- Whole answers, and the time from question to answer over all of them: the mean of a period
    -- is sum by count, never a mean of daily means.
    responses          bigint NOT NULL,
    response_time_us   bigint NOT NULL,
    documents_analyzed bigint NOT NULL,
    workflows_executed bigint NOT NULL,
    cost_microusd      bigint NOT NULL,
    PRIMARY KEY (user_id, date)
);
