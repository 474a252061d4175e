//! `didtron serve`: run the switch until told to stop, then drain.

use super::{ConfigArgs, check, say};
use crate::config::Config;
use crate::node::Node;
use std::process::ExitCode;

pub(super) fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let config = match Config::load(args.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    crate::logging::start(&config.log)?;
    crate::node::runtime()?.block_on(async {
        let node = Node::start(&config).await?;
        greet(&node);
        crate::node::stop_asked().await?;
        say("Draining; a second signal stops at once.");
        node.drain_and_stop(&config).await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Says where the switch is and, once in its life, the administrator's password.
pub(super) fn greet(node: &Node) {
    for listener in node.listeners() {
        say(&format!("  SIP:      {listener}"));
    }
    say(&format!("  Console:  http://{}", node.http));
    if let Some(password) = &node.admin_password {
        say("  User:     admin");
        say(&format!("  Password: {password}"));
        say("  (The password is shown this once.)");
    }
}
