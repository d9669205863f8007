//! Templates and their versions.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::Store;
use crate::domain::{Error, Pinned, Template};

/// A version of a template, ready to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Edition {
    /// Unique.
    pub(crate) name: String,
    /// The name to show.
    pub(crate) title: String,
    /// What it does.
    pub(crate) description: String,
    /// What kind of work it is.
    pub(crate) category: String,
    /// The name of an icon.
    pub(crate) icon: String,
    /// Grows with every change.
    pub(crate) version: i32,
    /// Seconds that it usually takes.
    pub(crate) estimated_duration: i32,
    /// The steps.
    pub(crate) definition: Value,
    /// JSON Schema of the input.
    pub(crate) input_schema: Value,
    /// JSON Schema of the output.
    pub(crate) output_schema: Value,
}

/// Figures are derived from the runs, so that they cannot drift from them.
macro_rules! select_template {
    ($rest:literal) => {
        concat!(
            "SELECT template.workflow_template_id, name, title, description, category, icon, template.version,
           definition, input_schema, output_schema, is_active, is_public, estimated_duration,
           template.created_at, template.updated_at,
           figures.usage_count, figures.success_rate, figures.avg_duration
    FROM workflow_template template
    JOIN workflow_template_version edition USING (workflow_template_id, version)
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS usage_count,
               coalesce(100.0 * count(*) FILTER (WHERE status = 'completed')
                   / nullif(count(*) FILTER (WHERE status IN ('completed', 'failed', 'cancelled')), 0),
                   0)::double precision AS success_rate,
               coalesce(avg(extract(epoch FROM completed_at - started_at))
                   FILTER (WHERE status = 'completed'), 0)::double precision AS avg_duration
        FROM workflow_execution execution
        WHERE execution.workflow_template_id = template.workflow_template_id
    ) figures
    WHERE is_active AND is_public ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct TemplateRow {
    workflow_template_id: Uuid,
    name: String,
    title: String,
    description: String,
    category: String,
    icon: String,
    version: i32,
    definition: Json<Value>,
    input_schema: Json<Value>,
    output_schema: Json<Value>,
    is_active: bool,
    is_public: bool,
    estimated_duration: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    usage_count: i32,
    success_rate: f64,
    avg_duration: f64,
}

impl From<TemplateRow> for Template {
    fn from(row: TemplateRow) -> Self {
        Self {
            id: row.workflow_template_id,
            name: row.name,
            title: row.title,
            description: row.description,
            category: row.category,
            icon: row.icon,
            version: row.version,
            definition: row.definition.0,
            input_schema: row.input_schema.0,
            output_schema: row.output_schema.0,
            is_active: row.is_active,
            is_public: row.is_public,
            estimated_duration: row.estimated_duration,
            usage_count: row.usage_count,
            success_rate: row.success_rate,
            avg_duration: row.avg_duration,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

#[derive(FromRow)]
struct PinnedRow {
    workflow_template_id: Uuid,
    name: String,
    version: i32,
    definition: Json<Value>,
    input_schema: Json<Value>,
}

impl From<PinnedRow> for Pinned {
    fn from(row: PinnedRow) -> Self {
        Self {
            template_id: row.workflow_template_id,
            template_name: row.name,
            version: row.version,
            definition: row.definition.0,
            input_schema: row.input_schema.0,
        }
    }
}

impl Store {
    /// Keeps a version of a template, and makes it the current one when it is the newest. Returns
    /// false where the version is there already with another content, which then stays.
    pub(crate) async fn publish(&self, edition: &Edition) -> Result<bool, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let template_id: Uuid = sqlx::query_scalar(
            "INSERT INTO workflow_template (workflow_template_id, name, title, description, category,
                                            icon, version, is_active, is_public, estimated_duration)
             VALUES ($1, $2, $3, $4, $5, $6, $7, true, true, $8)
             ON CONFLICT (name) DO UPDATE SET name = excluded.name
             RETURNING workflow_template_id",
        )
        .bind(Uuid::now_v7())
        .bind(&edition.name)
        .bind(&edition.title)
        .bind(&edition.description)
        .bind(&edition.category)
        .bind(&edition.icon)
        .bind(edition.version)
        .bind(edition.estimated_duration)
        .fetch_one(&mut *tx)
        .await?;
        let is_same: bool = sqlx::query_scalar(
            "INSERT INTO workflow_template_version AS kept
                 (workflow_template_id, version, definition, input_schema, output_schema)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (workflow_template_id, version) DO UPDATE SET version = excluded.version
             RETURNING kept.definition = $3 AND kept.input_schema = $4 AND kept.output_schema = $5",
        )
        .bind(template_id)
        .bind(edition.version)
        .bind(Json(&edition.definition))
        .bind(Json(&edition.input_schema))
        .bind(Json(&edition.output_schema))
        .fetch_one(&mut *tx)
        .await?;
        // An older process that starts beside a newer one does not turn the clock back.
        sqlx::query(
            "UPDATE workflow_template
             SET title = $2, description = $3, category = $4, icon = $5, version = $6,
                 estimated_duration = $7, updated_at = now()
             WHERE workflow_template_id = $1 AND version < $6",
        )
        .bind(template_id)
        .bind(&edition.title)
        .bind(&edition.description)
        .bind(&edition.category)
        .bind(&edition.icon)
        .bind(edition.version)
        .bind(edition.estimated_duration)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(is_same)
    }

    /// Templates that can be executed, by name.
    pub(crate) async fn templates(
        &self,
        category: &str,
        skip: i64,
        limit: i64,
    ) -> Result<Vec<Template>, Error> {
        let rows: Vec<TemplateRow> = sqlx::query_as(select_template!(
            "AND ($1 = '' OR category = $1) ORDER BY name OFFSET $2 LIMIT $3"
        ))
        .bind(category)
        .bind(skip)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Template::from).collect())
    }

    /// A template that can be executed, by id or by name.
    pub(crate) async fn template(&self, id_or_name: &str) -> Result<Option<Template>, Error> {
        let row: Option<TemplateRow> = sqlx::query_as(select_template!(
            "AND (name = $1 OR template.workflow_template_id = $2)"
        ))
        .bind(id_or_name)
        .bind(Uuid::try_parse(id_or_name).ok())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Template::from))
    }

    /// The current version of a template that can be executed, by id or by name.
    pub(crate) async fn current(&self, id_or_name: &str) -> Result<Option<Pinned>, Error> {
        let row: Option<PinnedRow> = sqlx::query_as(
            "SELECT template.workflow_template_id, name, version, definition, input_schema
             FROM workflow_template template
             JOIN workflow_template_version USING (workflow_template_id, version)
             WHERE is_active AND is_public AND (name = $1 OR template.workflow_template_id = $2)",
        )
        .bind(id_or_name)
        .bind(Uuid::try_parse(id_or_name).ok())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Pinned::from))
    }

    /// The categories of the templates that can be executed, in alphabetical order.
    pub(crate) async fn categories(&self) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT category FROM workflow_template WHERE is_active AND is_public ORDER BY category",
        )
        .fetch_all(&self.pool)
        .await?)
    }
}
