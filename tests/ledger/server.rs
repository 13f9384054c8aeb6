//! A private PostgreSQL server: made in a temporary folder, reached by a unix socket only, stopped when
//! dropped.
//!
//! `initdb` refuses to run as root; as root the server runs as the user `postgres` instead. Found in
//! `PROVENIQ_POSTGRES_BIN`, or where Debian puts it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A running server.
pub struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
}

impl Server {
    /// Starts a server, or tells why there is none.
    pub fn start(settings: &[(&str, &str)]) -> Result<Self, String> {
        let bin = find_bin()
            .ok_or("no PostgreSQL 15 server binary; set PROVENIQ_POSTGRES_BIN to its bin folder")?;
        let folder = tempfile::Builder::new()
            .prefix("ledger-pg")
            .tempdir()
            .map_err(|error| error.to_string())?;
        let server = Self { folder, bin };
        if is_root() {
            run(Command::new("chown")
                .arg("postgres")
                .arg(server.folder.path()))?;
        }
        let data = server.data();
        run(server
            .tool("initdb")
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "--locale=C",
                "-E",
                "UTF8",
                "-N",
                "-D",
            ])
            .arg(&data))?;
        let mut options = format!(
            "-c listen_addresses='' -c unix_socket_directories={}",
            server.socket_folder().display()
        );
        for (name, value) in settings {
            options.push_str(&format!(" -c {name}={value}"));
        }
        let log = server.folder.path().join("log");
        run(server
            .tool("pg_ctl")
            .args(["-s", "-w", "-D"])
            .arg(&data)
            .arg("-l")
            .arg(log)
            .args(["-o", &options, "start"]))?;
        Ok(server)
    }

    /// The unix socket.
    pub fn socket(&self) -> PathBuf {
        self.socket_folder().join(".s.PGSQL.5432")
    }

    fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn tool(&self, name: &str) -> Command {
        let tool = self.bin.join(name);
        if !is_root() {
            return Command::new(tool);
        }
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid=postgres",
                "--regid=postgres",
                "--init-groups",
                "--",
            ])
            .arg(tool);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data();
        if let Err(error) = run(self
            .tool("pg_ctl")
            .args(["-s", "-m", "immediate", "-D"])
            .arg(data)
            .arg("stop"))
        {
            eprintln!("the private PostgreSQL server could not be stopped: {error}");
        }
    }
}

fn find_bin() -> Option<PathBuf> {
    let named = std::env::var_os("PROVENIQ_POSTGRES_BIN").map(PathBuf::from);
    let debian = PathBuf::from("/usr/lib/postgresql/15/bin");
    named
        .into_iter()
        .chain([debian])
        .find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .map(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0)
        .unwrap_or(false)
}

fn run(command: &mut Command) -> Result<(), String> {
    // The working folder may be closed to the user the tool runs as; the log goes to a file, or `pg_ctl`
    // would hold our pipe.
    let output = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = output.spawn().and_then(|child| child.wait_with_output());
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}
