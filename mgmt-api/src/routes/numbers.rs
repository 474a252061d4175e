//! What becomes of numbers: by the rules in force, or by rules that are not saved yet.

use super::explain::ExplainStep;
use crate::auth::Principal;
use crate::clock;
use crate::containment::{self, Part};
use crate::extract::ApiJson;
use crate::problem::{FieldError, Problem};
use crate::routes::cdrs::word;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use resources::{ResourceKind, ResourceSpec, TranslationRules};
use routing_engine::explain::numbers::{
    NumberQuestion, NumberQuestionError, NumberTest as Tested, SentNumbers as Sent, TriedRules,
    test_numbers,
};
use routing_engine::numbers::{NumberFacts as Facts, ShownIdentity};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Most sample numbers of one question.
const NUMBERS_MAX: usize = 100;

/// Longest number or name in a question, bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Longest question, bytes: 200 rules with their notes fit.
const BODY_BYTES_MAX: usize = 1 << 18;

const OF_A_CALL: &str = "rules that are not saved are tried on `numbers` alone";

/// Numbers to try. Give `rules` and `numbers`, to try rules that are not saved; or `customer` and
/// `called`, to try what is in force.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberTestRequest {
    /// The spec of translation rules.
    #[schema(value_type = Option<Object>)]
    pub rules: Option<Value>,
    /// Sample numbers for `rules`, each of at most 64 bytes.
    #[schema(min_items = 1, max_items = 100)]
    pub numbers: Option<Vec<String>>,
    /// Name of the customer that calls.
    #[schema(max_length = 256)]
    pub customer: Option<String>,
    /// Name of the trunk that the call comes in by. Without it: that with the longest tech prefix that
    /// the called number begins with.
    #[schema(max_length = 256)]
    pub trunk: Option<String>,
    /// Called number as it is received, with its tech prefix.
    #[schema(example = "+33142685300", max_length = 256)]
    pub called: Option<String>,
    /// Calling number as it is received.
    #[serde(default)]
    #[schema(example = "442071838750", max_length = 256)]
    pub calling: String,
    /// Number of P-Asserted-Identity or Remote-Party-ID, which counts when the customer's trunk believes it.
    #[schema(example = "442071838751", max_length = 256)]
    pub asserted: Option<String>,
    /// Whether the caller asks to stay anonymous (Privacy), which counts when the customer's trunk respects it.
    pub privacy: Option<bool>,
    /// Name of the carrier whose trunks are asked for. Without it: all.
    #[schema(max_length = 256)]
    pub carrier: Option<String>,
}

/// What became of the numbers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NumberTest {
    /// What `rules` made of each of `numbers`, in their order; null for a question about a call.
    #[schema(required)]
    pub results: Option<Vec<RuleResult>>,
    /// What became of the call's numbers; null for a question about rules.
    #[schema(required)]
    pub call: Option<NumberCall>,
}

/// What rules made of a number.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleResult {
    /// The number as it was sent.
    pub number: String,
    /// Which rule was applied, from 0 as in `rules`; null when none fitted.
    #[schema(required)]
    pub rule: Option<u32>,
    /// The number after it.
    pub result: String,
    /// What the numbering plans say of the result; null when it is no number in international form.
    #[schema(required)]
    pub facts: Option<NumberFacts>,
}

/// What the numbering plans say of a number.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NumberFacts {
    /// Its class, such as `mobile`; null when no range holds it.
    #[schema(required, example = "mobile")]
    pub class: Option<String>,
    /// Its country, two letters of ISO 3166; null for codes of no country, and when no range holds it.
    #[schema(required, example = "GB")]
    pub country: Option<String>,
    /// Its country code exists, and numbers there may have that length.
    pub is_possible: bool,
    /// A range holds it.
    pub is_valid: bool,
}

/// What became of the numbers of a call, as far as rates and routes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NumberCall {
    /// Whether the numbers are taken.
    pub accepted: bool,
    /// Why not, such as `number_class_blocked`; null when they are.
    #[schema(required)]
    pub reason: Option<String>,
    /// Number of the configuration that was asked.
    pub snapshot_number: u64,
    /// The trunk that the call would come in by.
    pub ingress_trunk: String,
    /// The called number as routes and rates see it; null when it is refused.
    #[schema(required)]
    pub called_number: Option<String>,
    /// The calling number likewise.
    #[schema(required)]
    pub calling_number: Option<String>,
    /// The asserted number likewise; null when there is none that the trunk believes.
    #[schema(required)]
    pub asserted_number: Option<String>,
    /// Whether the caller wants to stay anonymous and the trunk respects it.
    pub is_withheld: bool,
    /// What is known of the called number; null when it is refused.
    #[schema(required)]
    pub facts: Option<NumberFacts>,
    /// What each rule, list and class did, in order.
    pub steps: Vec<ExplainStep>,
    /// What each egress trunk would be sent, whether or not a route leads to it; at most 100.
    pub sent: Vec<SentNumbers>,
    /// There are more egress trunks: name a carrier.
    pub is_cut: bool,
}

/// Numbers as an egress trunk would send them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentNumbers {
    /// The carrier.
    pub carrier: String,
    /// The trunk.
    pub trunk: String,
    /// Whether carrier and trunk take such numbers.
    pub accepted: bool,
    /// Why not, such as `number_class_blocked`; null when they do.
    #[schema(required)]
    pub reason: Option<String>,
    /// The same as a sentence.
    #[schema(required)]
    pub detail: Option<String>,
    /// The called number as it would be sent.
    pub called_number: String,
    /// The calling number as it would be sent.
    pub calling_number: String,
    /// The number of P-Asserted-Identity or Remote-Party-ID; null where none would be sent.
    #[schema(required)]
    pub asserted_number: Option<String>,
    /// From would not name the caller.
    pub is_anonymous: bool,
    /// What the rules of carrier and trunk did.
    pub steps: Vec<ExplainStep>,
}

/// Tries numbers: what rules, lists and classes make of them. Nothing is called, nothing is changed.
#[utoipa::path(
    post,
    path = "/api/v1/numbers/test",
    operation_id = "number_test",
    tag = "routing",
    request_body = NumberTestRequest,
    responses(
        (status = 200, description = "What became of the numbers", body = NumberTest),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too much at once", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn number_test(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(request): ApiJson<NumberTestRequest, BODY_BYTES_MAX>,
) -> Result<Json<NumberTest>, Problem> {
    let owner = principal.scope().tenant().get();
    // Two hundred patterns take their time to compile, and so does a look at all trunks.
    let work = move || match request.rules {
        Some(_) => request.rules_tried(),
        None => request.call_tried(&state, owner),
    };
    let done = containment::on_blocking_thread(Part::Request, work).await;
    done.unwrap_or_else(|_| Err(Problem::interrupted()))
        .map(Json)
}

impl NumberTestRequest {
    fn rules_tried(self) -> Result<NumberTest, Problem> {
        let of_a_call = [
            ("customer", &self.customer),
            ("trunk", &self.trunk),
            ("called", &self.called),
            ("asserted", &self.asserted),
            ("carrier", &self.carrier),
        ];
        if self.privacy.is_some() {
            return Err(Problem::invalid_field("privacy", OF_A_CALL));
        }
        if let Some((field, _)) = of_a_call.into_iter().find(|(_, text)| text.is_some()) {
            return Err(Problem::invalid_field(field, OF_A_CALL));
        }
        let numbers = self.numbers.unwrap_or_default();
        if numbers.is_empty() || numbers.len() > NUMBERS_MAX {
            let message = format!("give 1 to {NUMBERS_MAX} numbers");
            return Err(Problem::invalid_field("numbers", message));
        }
        let rules = sound(self.rules.unwrap_or_default())?;
        let rules = TriedRules::new(&rules);
        let results = numbers.into_iter().enumerate().map(|(place, number)| {
            let tried = rules.on(&number).ok_or_else(|| {
                let field = format!("numbers[{place}]");
                Problem::invalid_field(&field, "a number has at most 64 bytes")
            })?;
            Ok(RuleResult {
                number,
                rule: tried.rule.map(|rule| rule as u32),
                result: tried.result,
                facts: tried.facts.map(NumberFacts::from),
            })
        });
        let results: Result<_, Problem> = results.collect();
        Ok(NumberTest {
            results: Some(results?),
            call: None,
        })
    }

    fn call_tried(&self, state: &AppState, owner: i64) -> Result<NumberTest, Problem> {
        if self.numbers.is_some() {
            let message = "give `rules` with them, or `customer` and `called` instead";
            return Err(Problem::invalid_field("numbers", message));
        }
        let texts = [
            ("customer", self.customer.as_deref()),
            ("trunk", self.trunk.as_deref()),
            ("called", self.called.as_deref()),
            ("calling", Some(&*self.calling)),
            ("asserted", self.asserted.as_deref()),
            ("carrier", self.carrier.as_deref()),
        ];
        for (field, text) in texts {
            if text.is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
                let message = format!("write at most {TEXT_BYTES_MAX} bytes");
                return Err(Problem::invalid_field(field, message));
            }
        }
        let missing = |field: &'static str| {
            move || Problem::invalid_field(field, "give `customer` and `called`, or `rules`")
        };
        let snapshot = state.switch.snapshot();
        let question = NumberQuestion {
            owner,
            customer: self.customer.as_deref().ok_or_else(missing("customer"))?,
            trunk: self.trunk.as_deref(),
            called: self.called.as_deref().ok_or_else(missing("called"))?,
            calling: &self.calling,
            identity: ShownIdentity::of_believed(
                self.asserted.as_deref(),
                self.privacy.unwrap_or_default(),
            ),
            carrier: self.carrier.as_deref(),
            at: clock::now(),
        };
        let tested = test_numbers(&question, &snapshot).map_err(|error| {
            let field = match &error {
                NumberQuestionError::Customer(_) => "customer",
                NumberQuestionError::Trunk(_) => "trunk",
                _ => "carrier",
            };
            Problem::invalid_field(field, error.to_string())
        })?;
        Ok(NumberTest {
            results: None,
            call: Some(NumberCall::new(tested, snapshot.number())),
        })
    }
}

/// The rules of a spec, or each fault with its field.
fn sound(spec: Value) -> Result<TranslationRules, Problem> {
    let faults = |problems: Vec<resources::Problem>| {
        let errors = problems.into_iter().map(|problem| {
            let error = FieldError::from(problem);
            let field = error
                .field
                .map_or_else(|| "rules".to_owned(), |field| format!("rules.{field}"));
            FieldError {
                field: Some(field),
                ..error
            }
        });
        Problem::invalid("The rules cannot be used.", errors.collect())
    };
    let spec = ResourceSpec::from_value(ResourceKind::TranslationRules, spec)
        .map_err(|problem| faults(vec![*problem]))?;
    let problems = spec.check();
    match spec {
        ResourceSpec::TranslationRules(rules) if problems.is_empty() => Ok(rules),
        _ => Err(faults(problems)),
    }
}

impl NumberCall {
    fn new(tested: Tested, snapshot_number: u64) -> Self {
        let taken = tested.taken.as_ref();
        Self {
            accepted: tested.reason.is_none(),
            reason: tested.reason.map(word),
            snapshot_number,
            ingress_trunk: tested.ingress_trunk.to_string(),
            called_number: taken.map(|taken| taken.called.clone()),
            calling_number: taken.map(|taken| taken.calling.clone()),
            asserted_number: taken.and_then(|taken| taken.asserted.clone()),
            is_withheld: taken.is_some_and(|taken| taken.is_withheld),
            facts: taken.map(|taken| taken.facts.into()),
            steps: tested.steps.into_iter().map(ExplainStep::from).collect(),
            sent: tested.sent.into_iter().map(SentNumbers::from).collect(),
            is_cut: tested.is_cut,
        }
    }
}

impl From<Sent> for SentNumbers {
    fn from(sent: Sent) -> Self {
        let (reason, detail) = sent.refused.unzip();
        let numbers = sent.numbers;
        Self {
            carrier: sent.carrier.to_string(),
            trunk: sent.trunk.to_string(),
            accepted: reason.is_none(),
            reason: reason.map(str::to_owned),
            detail,
            called_number: numbers.called,
            // Whose turn it is at this moment is known.
            calling_number: numbers.calling.unwrap_or_default(),
            asserted_number: numbers.asserted,
            is_anonymous: numbers.is_anonymous,
            steps: numbers.steps.into_iter().map(ExplainStep::from).collect(),
        }
    }
}

impl From<Facts> for NumberFacts {
    fn from(facts: Facts) -> Self {
        Self {
            class: facts.class.map(|class| class.as_str().to_owned()),
            country: facts.country.map(|country| country.to_string()),
            is_possible: facts.is_possible,
            is_valid: facts.is_valid,
        }
    }
}
