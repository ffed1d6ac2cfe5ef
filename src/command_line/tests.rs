//! Command lines and their results.

use super::*;

fn run(arguments: &str) -> Result<Command, UsageError> {
    run_with(arguments, &[])
}

fn run_with(arguments: &str, variables: &[(&str, &str)]) -> Result<Command, UsageError> {
    let find =
        |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    parse(arguments.split_whitespace().map(str::to_owned), find)
}

fn options(arguments: &str) -> Options {
    match run(arguments) {
        Ok(Command::Run(options)) => options,
        other => panic!("{arguments}: {other:?}"),
    }
}

#[test]
fn each_spelling_of_an_option_is_understood() {
    let debug = Filters::of(LevelFilter::Debug);
    for arguments in ["-l debug", "-ldebug", "-l=debug", "--loglevel debug", "--loglevel=debug"] {
        assert_eq!(options(arguments).filters, debug, "{arguments}");
    }
    let both = options("-sldebug");
    assert!(both.stderr && both.filters == debug);
    assert_eq!(options("--schema=rfc").schema, Schema::Rfc);
    assert_eq!(options("--publisher stdout").destination, Destination::Stdout);
    assert_eq!(options("--without=net,os").disabled, [Source::Network, Source::Os]);
    assert_eq!(options("--memory-interval=5").memory_interval, Duration::from_secs(5));
    assert_eq!(options("--disk-interval=5").disk_interval, Duration::from_secs(5));
    assert_eq!(options("").disk_interval, Duration::from_secs(300));
    assert!(options("").sandbox && !options("--no-sandbox").sandbox);
    assert!(matches!(run("--withdraw --once"), Ok(Command::Withdraw(_))));
    assert!(matches!(run("--once"), Ok(Command::Once(_))));
}

#[test]
fn help_and_version_are_printed() {
    for arguments in ["-h", "--help", "-s -h", "-sh"] {
        assert!(
            matches!(run(arguments), Ok(Command::Print(text)) if text.starts_with("Usage: xen-guest-agent"))
        );
    }
    for arguments in ["-V", "--version", "-sV"] {
        assert_eq!(run(arguments), Ok(Command::Print(format!("xen-guest-agent {VERSION}"))));
    }
}

#[test]
fn error_names_the_wrong_value_and_the_accepted_ones() {
    for (arguments, says) in [
        ("--schema xml", "--schema: \"xml\" is not one of std, rfc"),
        ("--publisher file", "--publisher: \"file\" is not one of xenstore, stdout"),
        ("-l loud", "--loglevel: \"loud\" is not one of off, error, warn, info, debug, trace"),
        ("-l publishers=", "--loglevel: \"publishers=\" is not one of off"),
        ("-l publisher=trace", "--loglevel: \"publisher=trace\" is not one of off"),
        (
            "-l info,collectors::os=debug,mycrate=trace",
            "--loglevel: \"mycrate=trace\" is not one of off",
        ),
        ("-l publishers", "--loglevel: \"publishers\" is not one of off"),
        ("--memory-interval 0", "--memory-interval: \"0\" is not one of the whole numbers"),
        ("--disk-interval 0", "--disk-interval: \"0\" is not one of the whole numbers"),
        ("--memory-interval -1", "--memory-interval: \"-1\" is not one of"),
        ("--without net,disk", "--without: \"disk\" is not one of net, memory, os"),
        ("--frobnicate", "--frobnicate"),
        ("extra", "extra"),
        ("--schema", "--schema"),
    ] {
        let said = run(arguments).unwrap_err().to_string();
        assert!(said.contains(says), "{arguments}: {said}");
        assert!(!said.contains('\n'), "{said}");
    }
}

#[test]
fn option_overrides_its_variable() {
    let variable = [("XENSTORE_SCHEMA", "rfc"), ("RUST_LOG", "trace")];
    let Ok(Command::Run(by_variable)) = run_with("", &variable) else { panic!() };
    assert_eq!(
        (by_variable.schema, by_variable.filters),
        (Schema::Rfc, Filters::of(LevelFilter::Trace))
    );
    let Ok(Command::Run(by_flag)) = run_with("--schema std -lwarn", &variable) else { panic!() };
    assert_eq!((by_flag.schema, by_flag.filters), (Schema::Std, Filters::of(LevelFilter::Warn)));
    let said = run_with("", &[("XENSTORE_SCHEMA", "x")]).unwrap_err().to_string();
    assert_eq!(said, "XENSTORE_SCHEMA: \"x\" is not one of std, rfc");
}
