//! Processor time and memory of a server: of its process and all that it has started.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Processor time of each thread by process and thread, with its name.
pub(crate) type Times = BTreeMap<(u32, u32), (String, Duration)>;

/// A server's processes.
#[derive(Clone)]
pub(crate) struct Processes(Vec<u32>);

impl Processes {
    /// These and all their descendants as of now.
    pub(crate) fn of(roots: &[u32]) -> Self {
        let mut parents = HashMap::new();
        for process in numbers_in("/proc") {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
            if let Some(parent) = stat.ok().as_deref().and_then(parent_in) {
                parents.insert(process, parent);
            }
        }
        let mut all = roots.to_vec();
        loop {
            let is_new =
                |(process, parent): &(&u32, &u32)| all.contains(parent) && !all.contains(process);
            let more: Vec<u32> = parents
                .iter()
                .filter(is_new)
                .map(|(process, _)| *process)
                .collect();
            if more.is_empty() {
                return Self(all);
            }
            all.extend(more);
        }
    }

    /// What the processors gave to each thread so far, user and system.
    pub(crate) fn times(&self) -> Times {
        let mut times = Times::new();
        for process in &self.0 {
            let tasks = format!("/proc/{process}/task");
            for thread in numbers_in(&tasks) {
                let read = |file: &str| std::fs::read_to_string(format!("{tasks}/{thread}/{file}"));
                let ns = read("schedstat")
                    .ok()
                    .and_then(|text| text.split(' ').next()?.parse().ok());
                if let (Some(ns), Ok(name)) = (ns, read("comm")) {
                    let time = Duration::from_nanos(ns);
                    times.insert((*process, thread), (name.trim().to_owned(), time));
                }
            }
        }
        times
    }

    /// Proportional share of memory, bytes: pages that several processes have count once.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let of = |process: &u32| {
            let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        self.0.iter().filter_map(of).sum::<u64>() * 1_024
    }
}

/// What each thread used between two readings, by the name of the thread without its number.
pub(crate) fn used(before: &Times, after: &Times) -> BTreeMap<String, Duration> {
    let mut used: BTreeMap<String, Duration> = BTreeMap::new();
    for (thread, (name, time)) in after {
        let earlier = before.get(thread).map_or(Duration::ZERO, |(_, time)| *time);
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        *used.entry(name.to_owned()).or_default() += time.saturating_sub(earlier);
    }
    used
}

/// Time that all processors of the machine were at work for anybody, stolen time among it.
pub(crate) fn machine_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|n| n.parse().ok())
        .collect();
    // user, nice, system, irq, softirq, steal; idle and waiting for disks are between them.
    let busy = [0, 1, 2, 5, 6, 7].map(|at| ticks.get(at).copied().unwrap_or(0));
    Duration::from_millis(busy.iter().sum::<u64>() * 10)
}

fn parent_in(stat: &str) -> Option<u32> {
    // The name before may hold anything, parentheses too.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

fn numbers_in(folder: &str) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent_in("12 (a) b) (c)) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12 (a"), None);
    }

    #[test]
    fn time_is_told_by_names_of_threads() {
        let at = |ms| Duration::from_millis(ms);
        let thread = |name: &str, ms| (name.to_owned(), at(ms));
        let before = Times::from([((1, 1), thread("shard-0", 5))]);
        let after = Times::from([
            ((1, 1), thread("shard-0", 9)),
            ((1, 2), thread("shard-1", 2)),
            ((1, 3), thread("tokio-rt-worker", 1)),
        ]);
        let used = used(&before, &after);
        assert_eq!(used["shard"], at(6));
        assert_eq!(used["tokio-rt-worker"], at(1));
    }

    #[test]
    fn a_process_and_what_it_started_have_used_time_and_memory() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let own = Processes::of(&[std::process::id()]);
        assert!(own.0.contains(&child.id()));
        assert!(own.memory_bytes() > 0);
        assert!(own.times().values().any(|(_, time)| *time > Duration::ZERO));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
