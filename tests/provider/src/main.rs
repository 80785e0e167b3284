//! The command line of the provider that misbehaves on cue.

use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use failsoft_provider::{Doors, Options, Script, Upstream, serve, words_help};
use tokio::net::TcpListener;

/// A model provider on loopback that misbehaves on cue.
///
/// It speaks the APIs of OpenAI (base URL http://127.0.0.1:PORT/v1), Anthropic, Google, Amazon Bedrock and Ollama (base URL
/// http://127.0.0.1:PORT), plain and streaming. What it does is said by the model's name, such as 503x2+answer:hello (two 503, then answers),
/// or by a script: POST /script. What it saw: GET /log. Start afresh: POST /reset.
#[derive(Debug, Parser)]
#[command(name = "failsoft-provider", version, after_long_help = words_help())]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one, and the first line printed says which
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// A JSON script to begin with: {"models": {"primary": ["503x2", "answer:hello"]}}
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// A real server on loopback to pass requests to: models without a script, and the behaviour `pass`
    #[arg(long, value_name = "URL")]
    upstream: Option<Upstream>,

    /// Let web pages of any origin use the provider
    #[arg(long)]
    cors: bool,

    /// Open more ports, where requests fail before HTTP begins: refused, a certificate nobody trusts, TLS never answered
    #[arg(long)]
    tls: bool,

    /// End when standard input is closed, so that a parent that dies leaves nothing behind
    #[arg(long)]
    until_stdin_closes: bool,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failsoft-provider: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let script = arguments.script.as_deref().map(read_script).transpose()?.unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    let ended = runtime.block_on(async {
        let at = (Ipv4Addr::LOCALHOST, arguments.port);
        let listener = TcpListener::bind(at).await.map_err(|error| format!("port {}: {error}", arguments.port))?;
        let address = listener.local_addr().map_err(|error| format!("no address: {error}"))?;
        let doors = arguments.tls.then(Doors::open).transpose()?;
        let mut lines = format!("listening on http://{address}\n");
        for (name, url) in doors.iter().flat_map(|doors| doors.addresses(address)) {
            lines.push_str(&format!("{name} at {}\n", url.as_str().unwrap_or_default()));
        }
        let serving = serve(listener, Options { script, upstream: arguments.upstream, cors: arguments.cors, doors })?;
        let _ = std::io::stdout().write_all(lines.as_bytes()).and_then(|()| std::io::stdout().flush());
        tokio::select! {
            never = serving => match never {},
            () = stdin_closed(), if arguments.until_stdin_closes => Ok(()),
        }
    });
    runtime.shutdown_background();
    ended
}

fn read_script(path: &Path) -> Result<Script, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}

/// Returns when standard input ends; what is typed before is ignored.
async fn stdin_closed() {
    let (closed, told) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut ignored = [0; 256];
        while stdin.read(&mut ignored).is_ok_and(|count| count > 0) {}
        drop(closed);
    });
    let _ = told.await;
}
