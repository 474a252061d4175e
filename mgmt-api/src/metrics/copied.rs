//! A histogram that somebody else has counted.

use crate::switch_port::Histogram;
use prometheus::core::{Collector, Desc};
use prometheus::proto;
use std::collections::HashMap;

pub(super) struct CopiedHistogram {
    description: Desc,
    buckets: Vec<(f64, u64)>,
    count: u64,
    sum: f64,
}

impl CopiedHistogram {
    /// `named` is name and help, `scaled` the bounds and how many of their units make one of the metric's.
    pub(super) fn new<const N: usize>(
        named: (&str, &str),
        scaled: (&[u64; N], f64),
        counted: &Histogram<N>,
    ) -> prometheus::Result<Self> {
        let (name, help) = named;
        let (bounds, units) = scaled;
        let mut count = 0;
        let buckets = bounds
            .iter()
            .zip(counted.within)
            .map(|(bound, within)| {
                count += within;
                (*bound as f64 / units, count)
            })
            .collect();
        Ok(Self {
            description: Desc::new(name.to_owned(), help.to_owned(), Vec::new(), HashMap::new())?,
            buckets,
            count: count + counted.above,
            sum: counted.sum as f64 / units,
        })
    }
}

impl Collector for CopiedHistogram {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.description]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let bucket = |(bound, count): &(f64, u64)| {
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(*count);
            bucket
        };
        let mut histogram = proto::Histogram::default();
        histogram.set_sample_count(self.count);
        histogram.set_sample_sum(self.sum);
        histogram.set_bucket(self.buckets.iter().map(bucket).collect());
        let mut metric = proto::Metric::default();
        metric.set_histogram(histogram);
        let mut family = proto::MetricFamily::default();
        family.set_name(self.description.fq_name.clone());
        family.set_help(self.description.help.clone());
        family.set_field_type(proto::MetricType::HISTOGRAM);
        family.set_metric(vec![metric]);
        vec![family]
    }
}
