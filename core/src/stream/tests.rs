//! Which streams are whole.

use super::*;
use alloc::string::ToString;

const TEXT: Chunk<'_> = Chunk { text: true, ..NONE };
const USED: Chunk<'_> = Chunk { usage: true, ..NONE };
const OTHERS: Chunk<'_> = Chunk { other: true, ..NONE };
const BAD: Chunk<'_> = Chunk { malformed: true, ..NONE };
const LAST: Chunk<'_> = Chunk { terminator: true, ..NONE };
const NONE: Chunk<'_> = Chunk {
    text: false,
    tool_call: false,
    reasoning: false,
    finish: None,
    refusal: None,
    usage: false,
    terminator: false,
    malformed: false,
    other: false,
};

const fn finish(reason: &str) -> Chunk<'_> {
    Chunk { finish: Some(reason), ..NONE }
}

fn read(wants_usage: bool, chunks: &[Chunk<'_>]) -> (Stream, alloc::vec::Vec<&'static str>) {
    let mut stream = Stream::new(false, wants_usage);
    let seen = chunks.iter().map(|chunk| stream.take(chunk).name()).collect();
    (stream, seen)
}

fn kind(stream: &Stream) -> Option<&'static str> {
    stream.end().map(|(kind, _)| kind.name())
}

#[test]
fn an_answer_is_whole_when_it_says_so() {
    let (stream, seen) = read(true, &[NONE, TEXT, finish("stop"), NONE, USED]);
    assert_eq!(seen, ["nothing", "progress", "finished", "finished", "done"]);
    assert_eq!((stream.end(), stream.phase()), (None, Phase::Idle));
    assert_eq!(read(false, &[TEXT, finish("stop")]).1, ["progress", "done"]);
}

#[test]
fn without_a_reason_for_its_end_it_is_broken() {
    let (stream, seen) = read(true, &[TEXT, USED, LAST]);
    assert_eq!((seen, kind(&stream)), (alloc::vec!["progress", "nothing", "done"], Some("stream_broken")));
    let (nothing, _) = read(true, &[NONE, USED]);
    assert_eq!((kind(&nothing), nothing.phase()), (Some("malformed"), Phase::FirstProgress));
    // Not even where half an answer is welcome: nobody said that this is half of one.
    let mut cut = Stream::new(true, false);
    cut.take(&TEXT);
    assert_eq!(kind(&cut), Some("stream_broken"));
    cut.take(&finish("length"));
    assert_eq!(cut.end(), None);
}

#[test]
fn what_has_no_known_end_is_whole_when_it_ends() {
    assert_eq!(read(true, &[OTHERS, NONE, OTHERS]).0.end(), None);
    assert_eq!(kind(&read(true, &[OTHERS, TEXT]).0), Some("stream_broken"));
    assert_eq!(kind(&read(true, &[]).0), Some("malformed"));
}

#[test]
fn malformed_chunks_are_skipped_where_the_rest_is_whole() {
    assert_eq!(read(false, &[TEXT, BAD, finish("stop")]).0.end(), None);
    let (broken, _) = read(false, &[TEXT, BAD, BAD]);
    let what = broken.end().map(|(_, what)| what);
    assert_eq!(what.as_deref(), Some("it ended without saying that it is whole; 2 chunks could not be read"));
    assert_eq!(kind(&read(false, &[BAD]).0), Some("malformed"));
}

#[test]
fn a_refusal_is_put_together_from_its_parts() {
    let part = |text| Chunk { refusal: Some(text), ..NONE };
    let (stream, _) = read(false, &[part("I can"), part("not"), finish("stop")]);
    assert_eq!(stream.end(), Some((FailureKind::ContentRefused, "refused: I cannot".to_string())));
}

#[test]
fn a_course_is_one_number() {
    let mut course = Course::new(true, true);
    for _ in 0..MOST + 10 {
        course.take(&BAD);
    }
    course.take(&TEXT);
    assert_eq!(course.malformed(), MOST);
    assert!(course.number() < 1 << 24);
    assert_eq!(Course::from_number(course.number()), course);
}
