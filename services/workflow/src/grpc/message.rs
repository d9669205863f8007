//! Domain types as messages.

use chrono::{DateTime, Utc};
use elenchus_proto::json::to_struct;
use elenchus_proto::pb::workflow::v1 as pb;
use prost_types::Timestamp;

use crate::domain::{Event, Execution, Step, Template};

pub(super) fn template(template: Template) -> pb::Template {
    pb::Template {
        id: template.id.to_string(),
        name: template.name,
        title: template.title,
        description: template.description,
        category: template.category,
        icon: template.icon,
        version: template.version,
        definition: to_struct(template.definition),
        input_schema: to_struct(template.input_schema),
        output_schema: to_struct(template.output_schema),
        is_active: template.is_active,
        is_public: template.is_public,
        estimated_duration: template.estimated_duration,
        usage_count: template.usage_count,
        success_rate: template.success_rate,
        avg_duration: template.avg_duration,
        created_at: Some(timestamp(template.created_at)),
        updated_at: Some(timestamp(template.updated_at)),
    }
}

pub(super) fn execution(execution: Execution, steps: Vec<Step>) -> pb::Execution {
    pb::Execution {
        id: execution.id.to_string(),
        user_id: execution.user_id.to_string(),
        template_id: execution.template_id.to_string(),
        template_name: execution.template_name,
        execution_id: execution.execution_id,
        status: execution.status.as_str().to_owned(),
        input_data: to_struct(execution.input),
        output_data: execution.output.and_then(to_struct),
        current_step: execution.current_step,
        total_steps: execution.total_steps,
        progress_percentage: execution.progress_percentage,
        error_message: execution.error_message,
        error_step: execution.error_step,
        trace_id: execution.trace_id,
        started_at: execution.started_at.map(timestamp),
        completed_at: execution.completed_at.map(timestamp),
        duration_seconds: seconds(execution.started_at, execution.completed_at),
        created_at: Some(timestamp(execution.created_at)),
        updated_at: Some(timestamp(execution.updated_at)),
        steps: steps.into_iter().map(step).collect(),
    }
}

fn step(step: Step) -> pb::Step {
    pb::Step {
        id: step.id.to_string(),
        step_name: step.name,
        step_index: step.index,
        step_type: step.kind,
        status: step.status.as_str().to_owned(),
        input_data: step.input.and_then(to_struct),
        output_data: step.output.map(as_object).and_then(to_struct),
        error_message: step.error_message,
        attempts: step.attempts,
        started_at: step.started_at.map(timestamp),
        completed_at: step.completed_at.map(timestamp),
        duration_seconds: seconds(step.started_at, step.completed_at),
    }
}

/// The output of a map is a list, and a `Struct` cannot be one.
fn as_object(output: serde_json::Value) -> serde_json::Value {
    if output.is_array() { serde_json::json!({ "items": output }) } else { output }
}

pub(super) fn event(event: Event) -> pb::WatchExecutionResponse {
    pb::WatchExecutionResponse {
        seq: event.seq,
        r#type: event.kind,
        status: event.status.as_str().to_owned(),
        step_name: event.step_name,
        step_index: event.step_index,
        progress_percentage: event.progress_percentage,
        error_message: event.error_message,
    }
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    Timestamp { seconds: time.timestamp(), nanos }
}

fn seconds(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> f64 {
    from.zip(to).map_or(0.0, |(from, to)| (to - from).as_seconds_f64())
}
