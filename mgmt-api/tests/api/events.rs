//! What happened, by the list and by the stream.

use crate::fixture::{Api, Patience, request};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use rating::Timestamp;
use serde_json::{Value, json};
use store::{NewEvent, TenantId};
use tower::ServiceExt as _;

const CATEGORIES: &str = "/api/v1/customer-categories";

fn event(tenant: i64, kind: &str, subject: &str) -> NewEvent {
    NewEvent {
        tenant: TenantId::new(tenant),
        kind: kind.into(),
        subject: subject.into(),
        actor: "ann".into(),
        data: json!({}),
    }
}

async fn add(api: &Api, events: &[NewEvent]) {
    api.store.append_events(events, Timestamp(1)).await.unwrap();
}

/// What the stream has sent, as text, until the part is in it.
async fn read_until(body: &mut Body, part: &str) -> String {
    let mut text = String::new();
    while !text.contains(part) {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    text
}

fn stream(api: &Api, query: &str) -> axum::http::request::Builder {
    request("GET", &format!("/api/v1/events/stream{query}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", api.key))
}

async fn open(api: &Api, request: Request<Body>) -> Body {
    let response = api.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let kind = &response.headers()[header::CONTENT_TYPE];
    assert_eq!(kind, "text/event-stream");
    response.into_body()
}

/// Wakes the streams as the running server does.
fn follow(api: &Api) -> tokio::task::JoinHandle<()> {
    let state = api.state.clone();
    tokio::spawn(async move { state.follow_events_for_ever().await })
}

fn kinds(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["kind"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_change_of_the_configuration_leaves_its_events_and_a_refused_one_none() {
    let api = Api::start().await;
    let refused = api
        .post(CATEGORIES, &json!({"name": "vip", "spec": {"colour": 1}}))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(kinds(&api.get("/api/v1/events").await.json()), [""; 0]);
    let made = api
        .post(CATEGORIES, &json!({"name": "vip", "spec": {}}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let list = api.get("/api/v1/events").await.json();
    assert_eq!(
        kinds(&list),
        ["change_set.pushed", "customer_category.created"]
    );
    let created = &list["items"][1];
    assert_eq!(created["subject"], "customer_category/vip");
    assert_eq!(
        created["data"]["configuration"],
        list["items"][0]["data"]["configuration"]
    );
    assert_eq!(
        list["items"][0]["data"]["resources"],
        json!(["customer_category/vip"])
    );
}

#[tokio::test]
async fn events_are_listed_by_pages_and_filters_and_each_parameter_is_checked() {
    let api = Api::start().await;
    let events = [
        event(1, "carrier.created", "carrier/a"),
        event(1, "carrier.updated", "carrier/a"),
        event(1, "carrier_pool.updated", "carrier_pool/x"),
        event(99, "carrier.updated", "carrier/theirs"),
    ];
    add(&api, &events).await;
    let first = api
        .get("/api/v1/events?kind=carrier.*&limit=1")
        .await
        .json();
    assert_eq!(kinds(&first), ["carrier.updated"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = api
        .get(&format!("/api/v1/events?kind=carrier.*&cursor={cursor}"))
        .await
        .json();
    assert_eq!(kinds(&rest), ["carrier.created"]);
    assert_eq!(rest["next_cursor"], json!(null));
    let by = |query: &str| {
        let path = format!("/api/v1/events?{query}");
        let api = &api;
        async move { kinds(&api.get(&path).await.json()).len() }
    };
    assert_eq!(by("kind=*").await, 3, "none of another tenant");
    assert_eq!(by("subject=carrier/a&actor=ann").await, 2);
    assert_eq!(by("from=1970-01-01T00:00:01Z").await, 0);
    for wrong in [
        "limit=0",
        "limit=201",
        "kind=car*",
        "kind=",
        "from=x",
        "cursor=-1",
        "colour=red",
    ] {
        let answer = api.get(&format!("/api/v1/events?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn a_stream_goes_on_behind_the_last_event_that_its_reader_has() {
    let api = Api::start().await;
    let follower = follow(&api);
    let events = ["a", "b", "c"].map(|name| event(1, "carrier.updated", name));
    add(&api, &events).await;
    add(&api, &[event(99, "carrier.updated", "theirs")]).await;
    let request = stream(&api, "?after=99")
        .header("Last-Event-ID", "1")
        .body(Body::empty());
    let mut body = open(&api, request.unwrap()).await;
    let text = read_until(&mut body, "\"subject\":\"c\"").await;
    assert!(
        text.contains("retry: 2000") && text.contains("id: 2\n"),
        "{text}"
    );
    assert!(
        !text.contains("\"subject\":\"a\"") && !text.contains("gap"),
        "{text}"
    );
    add(&api, &[event(1, "carrier.updated", "d")]).await;
    let text = read_until(&mut body, "\"subject\":\"d\"").await;
    assert!(!text.contains("theirs"), "{text}");
    follower.abort();
}

#[tokio::test]
async fn a_stream_without_a_beginning_has_only_what_happens_next_of_the_kind() {
    let api = Api::start().await;
    let follower = follow(&api);
    add(&api, &[event(1, "carrier.updated", "before")]).await;
    let request = stream(&api, "?kind=customer_category.*").body(Body::empty());
    let mut body = open(&api, request.unwrap()).await;
    api.post(CATEGORIES, &json!({"name": "vip", "spec": {}}))
        .await;
    let text = read_until(&mut body, "customer_category/vip").await;
    assert!(
        !text.contains("before") && !text.contains("change_set.pushed"),
        "{text}"
    );
    follower.abort();
}

#[tokio::test]
async fn a_reader_that_was_away_too_long_is_told_that_it_missed_something() {
    let api = Api::start().await;
    let follower = follow(&api);
    for name in ["a", "b", "c", "d"] {
        add(&api, &[event(1, "carrier.updated", name)]).await;
    }
    api.store.prune_events(Timestamp(0), 2, 10).await.unwrap();
    let request = stream(&api, "?after=1").body(Body::empty()).unwrap();
    let text = read_until(&mut open(&api, request).await, "\"subject\":\"d\"").await;
    assert!(text.contains("event: gap"), "{text}");
    assert!(text.contains("{\"after\":1,\"oldest\":3}"), "{text}");
    let request = stream(&api, "?after=77").body(Body::empty()).unwrap();
    let text = read_until(&mut open(&api, request).await, "event: gap").await;
    assert!(!text.contains("\"subject\""), "{text}");
    follower.abort();
}

#[tokio::test]
async fn a_stream_that_nobody_reads_gives_its_place_back_and_there_is_a_last_place() {
    let api = Api::start().await;
    let mut bodies = Vec::new();
    let refused = loop {
        let request = stream(&api, "").body(Body::empty()).unwrap();
        let response = api.router.clone().oneshot(request).await.unwrap();
        if response.status() != StatusCode::OK {
            break response.status();
        }
        bodies.push(response.into_body());
    };
    assert_eq!(
        (refused, bodies.len()),
        (StatusCode::SERVICE_UNAVAILABLE, 50)
    );
    bodies.clear();
    let patience = Patience::until("a place is free again");
    loop {
        let request = stream(&api, "").body(Body::empty()).unwrap();
        let response = api.router.clone().oneshot(request).await.unwrap();
        if response.status() == StatusCode::OK {
            break;
        }
        // The tasks of the dropped streams have not noticed yet.
        patience.pause().await;
    }
}

#[tokio::test]
async fn each_sees_the_events_of_what_they_may_read() {
    let api = Api::start().await;
    let follower = follow(&api);
    let events = [
        event(1, "user.signed_in", "user/ann"),
        event(1, "role.created", "role/clerk"),
        event(1, "job.died", "job/7"),
        NewEvent {
            data: json!({"resources": ["role/clerk", "carrier/a"]}),
            ..event(1, "change_set.pushed", "configuration/1")
        },
        event(1, "something.new", "something/x"),
        event(1, "carrier.updated", "carrier/a"),
    ];
    add(&api, &events).await;
    let list = async |role: &str| {
        let (cookie, _) = api.sign_in_as(role).await;
        let request = request("GET", "/api/v1/events").header(header::COOKIE, &cookie);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        (answer.json(), cookie)
    };
    let (seen, cookie) = list("viewer").await;
    assert_eq!(kinds(&seen), ["carrier.updated", "change_set.pushed"]);
    let pushed = &seen["items"][1]["data"]["resources"];
    assert_eq!(*pushed, json!(["carrier/a"]), "of the roles nothing");
    let (seen, _) = list("support").await;
    let expected = ["carrier.updated", "change_set.pushed", "user.signed_in"];
    assert_eq!(kinds(&seen), expected);
    assert_eq!(kinds(&list("admin").await.0).len(), events.len());

    let of_viewer = request("GET", "/api/v1/events/stream?after=0")
        .header(header::COOKIE, cookie)
        .body(Body::empty());
    let mut body = open(&api, of_viewer.unwrap()).await;
    let text = read_until(&mut body, "carrier.updated").await;
    for hidden in ["user.signed_in", "clerk", "job.died", "something.new"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    follower.abort();
}

/// What a stream sends until it ends, without signs of life.
async fn rest_of(mut body: Body) -> String {
    let mut text = String::new();
    while let Some(frame) = body.frame().await {
        text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        assert!(!text.contains("\"subject\":"), "{text}");
    }
    text
}

#[tokio::test]
async fn a_stream_ends_before_the_next_event_when_its_reader_is_signed_out_or_allowed_less() {
    let api = Api::start().await;
    let follower = follow(&api);
    let by_session = async |session: &(String, String)| {
        let request = request("GET", "/api/v1/events/stream").header(header::COOKIE, &session.0);
        open(&api, request.body(Body::empty()).unwrap()).await
    };
    let signed_out = api.sign_in_as("viewer").await;
    let demoted = api.sign_in_as("admin").await;
    let body = json!({"name": "a", "permissions": ["event.read", "carrier.read"]});
    let made = api.post("/api/v1/api-keys", &body).await.json();
    let by_key = request("GET", "/api/v1/events/stream").header(
        header::AUTHORIZATION,
        format!("Bearer {}", made["key"].as_str().unwrap()),
    );
    let mut streams = [
        by_session(&signed_out).await,
        by_session(&demoted).await,
        open(&api, by_key.body(Body::empty()).unwrap()).await,
    ];
    add(&api, &[event(1, "carrier.updated", "before")]).await;
    for body in &mut streams {
        read_until(body, "\"subject\":\"before\"").await;
    }

    let sign_out = request("DELETE", "/api/v1/session")
        .header(header::COOKIE, &signed_out.0)
        .header("x-csrf-token", &signed_out.1)
        .body(Body::empty());
    let ended = api.send(sign_out.unwrap()).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.body);
    api.set_role("admin", "marketing").await;
    let revoke = format!("/api/v1/api-keys/{}/revoke", made["api_key"]["id"]);
    assert_eq!(api.post(&revoke, &json!({})).await.status, StatusCode::OK);
    add(&api, &[event(1, "carrier.updated", "after")]).await;
    for body in streams {
        rest_of(body).await;
    }
    follower.abort();
}

#[tokio::test]
async fn sign_ins_are_events() {
    let api = Api::start().await;
    api.sign_in().await;
    let wrong = api.try_sign_in("admin", "wrong").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    api.try_sign_in("nobody", "wrong").await;
    let patience = Patience::until("the refusal is noted");
    loop {
        let list = api.get("/api/v1/events?kind=user.*").await.json();
        if kinds(&list).len() > 1 {
            assert_eq!(kinds(&list), ["user.sign_in_failed", "user.signed_in"]);
            assert_eq!(list["items"][0]["data"]["address"], "198.51.100.7");
            break;
        }
        // The refusal is noted behind the answer.
        patience.pause().await;
    }
}
