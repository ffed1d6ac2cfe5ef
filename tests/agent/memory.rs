//! data/meminfo_*: decimal KiB, as the host's daemon dies of anything else.

use super::harness::Guest;

// Total follows ballooning, free is what is available; no doorbell: they have a watch of their own.
#[test]
fn a_new_sample_writes_the_figures_that_changed() {
    let guest = Guest::new();
    let _agent = guest.published(&["--memory-interval", "1"]);
    let mark = guest.mark();
    guest.memory(150_400, 99_999);
    let mut changes = guest.batch_since(mark);
    changes.sort();
    assert_eq!(
        changes,
        [
            "write data/meminfo_free = 99999",
            "write data/meminfo_total = 150400",
            "write data/updated"
        ]
    );
}

// Never write a value that is already there.
#[test]
fn a_figure_that_stays_is_not_written_again() {
    let guest = Guest::new();
    let _agent = guest.published(&["--memory-interval=1"]);
    let mark = guest.mark();
    guest.memory(207_744, 150_401);
    guest.wait_value("data/meminfo_free", "150401");
    guest.memory(207_744, 150_402);
    guest.wait_value("data/meminfo_free", "150402");
    let changes = guest.changes_since(mark);
    assert!(
        changes.iter().all(|change| !change.contains("meminfo_total") && !change.contains("attr/")),
        "{changes:#?}"
    );
    assert!(changes.len() <= 4, "{changes:#?}");
}

// Against the machine's own figures.
#[test]
fn the_machines_own_memory_is_told_in_kib() {
    let guest = Guest::new();
    guest.sh("umount /proc/meminfo");
    let _agent = guest.published(&[]);
    let told = |key: &str| guest.tree()[key].parse::<u64>().unwrap();
    assert_eq!(told("data/meminfo_total"), machines("MemTotal:"));
    let free = machines("MemAvailable:");
    assert!(
        told("data/meminfo_free").abs_diff(free) < free / 2,
        "{} {free}",
        told("data/meminfo_free")
    );
}

fn machines(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
