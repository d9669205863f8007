//! Requests in, responses out.

mod message;
mod watch;

use std::time::Duration;

use elenchus_durable::Notices;
use elenchus_proto::json;
use elenchus_proto::pb::workflow::v1 as pb;
use elenchus_proto::pb::workflow::v1::workflow_service_server::WorkflowService;
use elenchus_rpc::page::{self, Page};
use elenchus_rpc::status::{DOMAIN, from_error};
use elenchus_rpc::{Caller, Shutdown, UserId};
use futures_util::stream::BoxStream;
use serde_json::Value;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};
use uuid::Uuid;

use self::message::template;
use crate::definition::Definition;
use crate::domain::{self, Error, ExecutionId, NewExecution, Pinned};
use crate::grant::Grants;
use crate::input::{self, Misfit};
use crate::store::Store;

const DEFAULT_LIMIT: i32 = 50;
const MAX_TRACE_ID: usize = 200;

/// The service behind its proto.
pub(crate) struct WorkflowRpc {
    pub(crate) store: Store,
    pub(crate) grants: Grants,
    pub(crate) notices: Notices,
    /// How long a watcher sleeps when no notice wakes it.
    pub(crate) poll: Duration,
    pub(crate) shutdown: Shutdown,
}

#[tonic::async_trait]
impl WorkflowService for WorkflowRpc {
    type WatchExecutionStream = BoxStream<'static, Result<pb::WatchExecutionResponse, Status>>;

    async fn list_templates(
        &self,
        request: Request<pb::ListTemplatesRequest>,
    ) -> Result<Response<pb::ListTemplatesResponse>, Status> {
        let pb::ListTemplatesRequest { category, is_active, skip, limit } = request.into_inner();
        let page = Page::<()>::parse(skip, limit, DEFAULT_LIMIT, "")?;
        // Withdrawn templates are nothing that a caller may execute.
        if is_active == Some(false) {
            return Ok(Response::new(pb::ListTemplatesResponse::default()));
        }
        let templates =
            self.store.templates(&category, page.skip, page.limit).await.map_err(from_error)?;
        let templates = templates.into_iter().map(template).collect();
        Ok(Response::new(pb::ListTemplatesResponse { templates }))
    }

    async fn get_template(
        &self,
        request: Request<pb::GetTemplateRequest>,
    ) -> Result<Response<pb::GetTemplateResponse>, Status> {
        let found =
            self.store.template(&request.get_ref().template_id).await.map_err(from_error)?;
        let found = found.ok_or_else(|| from_error(Error::NotFound("template")))?;
        Ok(Response::new(pb::GetTemplateResponse { template: Some(template(found)) }))
    }

    async fn list_categories(
        &self,
        _: Request<pb::ListCategoriesRequest>,
    ) -> Result<Response<pb::ListCategoriesResponse>, Status> {
        let categories = self.store.categories().await.map_err(from_error)?;
        Ok(Response::new(pb::ListCategoriesResponse { categories }))
    }

    #[tracing::instrument(skip_all, fields(workflow.execution_id))]
    async fn execute_workflow(
        &self,
        request: Request<pb::ExecuteWorkflowRequest>,
    ) -> Result<Response<pb::ExecuteWorkflowResponse>, Status> {
        let caller = Caller::of(&request)?;
        let execution = self.execute(&caller, request.into_inner()).await?;
        tracing::Span::current().record("workflow.execution_id", &execution.execution_id);
        let execution = Some(message::execution(execution, Vec::new()));
        Ok(Response::new(pb::ExecuteWorkflowResponse { execution }))
    }

    async fn list_executions(
        &self,
        request: Request<pb::ListExecutionsRequest>,
    ) -> Result<Response<pb::ListExecutionsResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let pb::ListExecutionsRequest { status, skip, limit, page_token } = request.into_inner();
        let page = Page::<Uuid>::parse(skip, limit, DEFAULT_LIMIT, &page_token)?;
        let status = (!status.is_empty()).then(|| domain::Status::parse(&status));
        let status = status.transpose().map_err(from_error)?;

        let found = self
            .store
            .executions(owner, status, page.after, page.skip, page.limit)
            .await
            .map_err(from_error)?;
        let is_full = i64::try_from(found.len()).is_ok_and(|rows| rows == page.limit);
        let next = found.last().filter(|_| is_full).map(|last| last.id);
        let executions =
            found.into_iter().map(|found| message::execution(found, Vec::new())).collect();
        page::respond(pb::ListExecutionsResponse { executions }, next)
    }

    async fn get_execution(
        &self,
        request: Request<pb::GetExecutionRequest>,
    ) -> Result<Response<pb::GetExecutionResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let found = self.find(owner, &request.get_ref().execution_id).await?;
        let steps = self.store.steps(found.id).await.map_err(from_error)?;
        let execution = Some(message::execution(found, steps));
        Ok(Response::new(pb::GetExecutionResponse { execution }))
    }

    async fn watch_execution(
        &self,
        request: Request<pb::WatchExecutionRequest>,
    ) -> Result<Response<Self::WatchExecutionStream>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let pb::WatchExecutionRequest { execution_id, after_seq } = request.into_inner();
        if after_seq < 0 {
            return Err(from_error(Error::NegativeSeq(after_seq)));
        }
        let run = self.store.watched(owner, &execution_id).await.map_err(from_error)?;
        let run = run.ok_or_else(|| from_error(Error::NotFound("execution")))?;
        Ok(Response::new(Box::pin(self.watch(run, after_seq))))
    }

    async fn cancel_execution(
        &self,
        request: Request<pb::CancelExecutionRequest>,
    ) -> Result<Response<pb::CancelExecutionResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        self.store.cancel(owner, &request.get_ref().execution_id).await.map_err(from_error)?;
        let message = "Workflow execution cancelled".to_owned();
        Ok(Response::new(pb::CancelExecutionResponse { message }))
    }
}

impl WorkflowRpc {
    async fn find(&self, owner: UserId, execution_id: &str) -> Result<domain::Execution, Status> {
        let found = self.store.execution(owner, execution_id).await.map_err(from_error)?;
        found.ok_or_else(|| from_error(Error::NotFound("execution")))
    }

    /// Starts a run, unless the owner has one of that name: then it is the same run.
    async fn execute(
        &self,
        caller: &Caller,
        request: pb::ExecuteWorkflowRequest,
    ) -> Result<domain::Execution, Status> {
        let user_id = caller.user_id;
        let pb::ExecuteWorkflowRequest { template_id, input_data, execution_id, trace_id } =
            request;
        let named = ExecutionId::parse(&execution_id).map_err(from_error)?;
        if let Some(name) = &named
            && let Some(found) =
                self.store.execution(user_id, name.as_str()).await.map_err(from_error)?
        {
            return Ok(found);
        }
        check_trace_id(&trace_id).map_err(from_error)?;
        let template = self.store.current(&template_id).await.map_err(from_error)?;
        let template = template.ok_or_else(|| from_error(Error::NotFound("template")))?;
        let definition = definition(&template)?;
        let input = Value::Object(json::from_struct(input_data.unwrap_or_default()));
        check_input(&template, &input)?;

        let id = Uuid::now_v7();
        let execution_id = named.unwrap_or_else(|| ExecutionId::of(id));
        let grant = self.grants.ask(caller).await?;
        let new = NewExecution { id, user_id, execution_id, input, trace_id, grant };
        self.store.start(&new, &template, &definition).await.map_err(from_error)?;
        self.find(user_id, new.execution_id.as_str()).await
    }
}

fn definition(template: &Pinned) -> Result<Definition, Status> {
    Definition::parse(&template.definition).map_err(|problem| {
        tracing::error!(template = template.template_name, %problem, "a stored definition cannot be read");
        from_error(Error::Corrupt("definition"))
    })
}

fn check_trace_id(trace_id: &str) -> Result<(), Error> {
    match trace_id.chars().count() {
        chars if chars > MAX_TRACE_ID => {
            Err(Error::TooLong { field: "trace_id", max: MAX_TRACE_ID, chars })
        }
        _ => Ok(()),
    }
}

fn check_input(template: &Pinned, input: &Value) -> Result<(), Status> {
    let schema = input::compile(&template.input_schema).map_err(|problem| {
        tracing::error!(
            template = template.template_name,
            problem,
            "a stored schema cannot be read"
        );
        from_error(Error::Corrupt("input schema"))
    })?;
    let misfits = input::misfits(&schema, input);
    let Some(Misfit { field, problem }) = misfits.first() else { return Ok(()) };
    let message = format!("{field}: {problem}");
    let mut details = ErrorDetails::with_error_info("INPUT_MISFIT", DOMAIN, []);
    for Misfit { field, problem } in misfits {
        details.add_bad_request_violation(field, problem);
    }
    Err(Status::with_error_details(Code::InvalidArgument, message, details))
}
