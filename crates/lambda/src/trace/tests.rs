//! Headers that are read, written and refused.

use proptest::prelude::*;

use super::*;

const WHOLE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0";

#[test]
fn a_header_is_written_as_it_was_read_with_the_fields_that_are_none_of_ours() {
    let header = TraceHeader::parse(WHOLE).unwrap();
    assert_eq!(header.to_string(), WHOLE);
    assert_eq!(header.id(), "1-5759e988-bd862e3fe1be46a994272793");
    assert_eq!(header.parent(), Some("53995c3f42cd8ad8"));
    assert!(header.is_sampled());
}

#[test]
fn what_a_segment_sends_names_it_as_the_parent_and_changes_nothing_else() {
    let under = |text: &str| {
        let header = TraceHeader::parse(text).unwrap();
        header.under(SegmentId(0x1f)).to_string()
    };
    assert_eq!(
        under(WHOLE),
        WHOLE.replace("53995c3f42cd8ad8", "000000000000001f")
    );
    assert_eq!(
        under("Self=x;Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"),
        "Self=x;Root=1-5759e988-bd862e3fe1be46a994272793;Parent=000000000000001f;Sampled=0"
    );
}

#[test]
fn a_trace_is_recorded_only_if_the_header_says_so() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    for (more, sampled) in [
        ("", false),
        (";Sampled=0", false),
        (";Sampled=?", false),
        (";Sampled=1", true),
    ] {
        let header = TraceHeader::parse(&format!("{root}{more}")).unwrap();
        assert_eq!(header.is_sampled(), sampled, "{more}");
    }
}

#[test]
fn what_is_malformed_is_no_header() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let malformed = [
        String::new(),
        "Parent=53995c3f42cd8ad8;Sampled=1".to_owned(),
        "Root=1-5759e988-bd862e3fe1be46a99427279".to_owned(),
        "Root=2-5759e988-bd862e3fe1be46a994272793".to_owned(),
        "Root=1-5759e988-bd862e3fe1be46a994272793-0".to_owned(),
        format!("{root};Parent=53995c3f42cd8ad"),
        format!("{root};Sampled=yes"),
        format!("{root};{root}"),
        format!("{root};Lineage"),
        format!("{root};=1"),
        format!("{root};Self=a\r\nHost: b"),
        format!("{root};Self={}", "a".repeat(1_024)),
    ];
    for text in malformed {
        assert_eq!(TraceHeader::parse(&text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn a_header_that_is_read_is_read_the_same_again(text in "(Root=1-[0-9a-f]{8}-[0-9a-f]{24}|[ -~]{0,40}|(;|Parent=[0-9a-f]{16}|Sampled=[01?])){0,4}") {
        if let Some(header) = TraceHeader::parse(&text) {
            let again = TraceHeader::parse(&header.to_string());
            prop_assert_eq!(again.as_ref(), Some(&header));
            let under = header.under(SegmentId(7));
            prop_assert_eq!(under.id(), header.id());
            prop_assert_eq!(under.parent(), Some("0000000000000007"));
            prop_assert_eq!(under.is_sampled(), header.is_sampled());
        }
    }

    #[test]
    fn whatever_a_header_holds_reading_it_ends(text in ".{0,200}") {
        let _ = TraceHeader::parse(&text);
    }
}
