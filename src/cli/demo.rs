//! `didtron demo`: see the switch work, without any other equipment.

use super::{ConfigArgs, check, say};
use crate::config::Config;
use crate::demo::{self, Demo};
use crate::node::Node;
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Args, Clone, Debug)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Folder with the demo's resources, rate decks and traffic.
    #[arg(long, value_name = "DIR", default_value = "configs/demo")]
    resources: PathBuf,
}

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let config = match Config::load(args.config.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    demo::check_platform()?;
    crate::logging::start(&config.log)?;
    crate::node::runtime()?.block_on(show(&config, &args.resources))
}

async fn show(config: &Config, resources: &Path) -> anyhow::Result<ExitCode> {
    let node = Arc::new(Node::start(config).await?);
    say("The switch is up. Applying the demo's resources and placing one call…");
    let demo = tokio::select! {
        started = start(&node, config, resources) => Some(started),
        asked = crate::node::stop_asked() => { asked?; None }
    };
    let demo = match demo {
        Some(Ok(demo)) => demo,
        Some(Err(error)) => {
            node.drain_and_stop(config).await;
            return Err(error);
        }
        None => {
            node.drain_and_stop(config).await;
            return Ok(ExitCode::SUCCESS);
        }
    };
    say("\nThe demo's customers place calls now. Ctrl-C ends it.\n");
    super::serve::greet(&node);
    crate::node::stop_asked().await?;
    say("Draining…");
    // The peers hang up their calls; the switch sees the ends and writes the records.
    tokio::task::spawn_blocking(move || demo.stop()).await?;
    node.drain_and_stop(config).await;
    Ok(ExitCode::SUCCESS)
}

async fn start(node: &Arc<Node>, config: &Config, resources: &Path) -> anyhow::Result<Demo> {
    let (node, config, resources) = (Arc::clone(node), config.clone(), resources.to_owned());
    let seed = u64::from_le_bytes(crate::edge::random_bytes()?);
    let started = tokio::task::spawn_blocking(move || {
        Demo::start(&node, &config, &resources, seed, &mut |line| say(line))
    });
    started.await.context("the demo ended with a panic")?
}
