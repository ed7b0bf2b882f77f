"""What kind of file names a log, by its path: which kinds need the log where it is, and which are not read at all."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from repoops.files import RelPath
from repoops.globs import deciding


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file or place: `says` completes "… names it"; `guards` says that what it names has to stay."""

    name: str
    says: str
    guards: bool = True


CLEAN_UP = Kind("clean-up", "a command that moves or removes files", guards=False)
EXCLUSION = Kind("exclusion", "a list of what is left out", guards=False)
SOURCE = Kind("source", "source code")

_KINDS = (
    (
        Kind("ci", "CI"),
        (
            "/.github/", "/.gitlab-ci*.y*ml", "/.gitlab/", "/.circleci/", "/.buildkite/", "/.woodpecker*", "/.drone.y*ml",
            "/.travis.yml", "/appveyor.yml", "/.appveyor.yml", "azure-pipelines*.y*ml", "/.azure*/", "bitbucket-pipelines.yml",
            "Jenkinsfile*", "cloudbuild*.y*ml", "/.cirrus.yml", "/.ci/", "/ci/", "/.teamcity/", "/.semaphore/",
            ".pre-commit-config.y*ml", "lefthook.y*ml", "/.husky/", "codecov.y*ml",
        ),
    ),
    (
        Kind("navigation", "the site's navigation"),
        (
            "mkdocs*.y*ml", "_sidebar.md", "_navbar.md", "sidebars.*", "docusaurus.config.*", ".vitepress/", ".vuepress/",
            "book.toml", ".gitbook.y*ml", "_config.y*ml", "_toc.y*ml", "_quarto.yml", "antora.yml", "nav.yml", "nav.adoc",
            ".readthedocs.y*ml", "mint.json", "docs.json", "astro.config.*", "docs/**/*.rst", "docs/**/conf.py", "typedoc.json",
        ),
    ),
    (
        Kind("build", "the build or a package's manifest"),
        (
            "Makefile*", "makefile", "GNUmakefile", "*.mk", "[Jj]ustfile", "*.just", "Taskfile*", "Rakefile", "SConstruct",
            "CMakeLists.txt", "*.cmake", "CMakePresets.json", "meson.build", "meson_options.txt", "BUILD", "BUILD.bazel", "WORKSPACE",
            "*.bzl", "Dockerfile*", "*.dockerfile", "Containerfile*", "docker-compose*.y*ml", "compose*.y*ml", "pyproject.toml",
            "setup.py", "setup.cfg", "MANIFEST.in", "requirements*.txt", "tox.ini", "noxfile.py", "package.json", "lerna.json",
            "nx.json", "turbo.json", "Cargo.toml", "go.mod", "*.gemspec", "Gemfile", "*.podspec", "Package.swift", "composer.json",
            "*.csproj", "*.fsproj", "*.vbproj", "*.vcxproj*", "*.sln", "*.slnx", "*.props", "*.targets", "*.nuspec", "build.gradle*",
            "settings.gradle*", "pom.xml", "build.xml", "build.sbt", "*.nix", "*.spec", "*.iss", "*.nsi", "*.wxs", "snapcraft.y*ml",
            "electron-builder.*", "vercel.json", "netlify.toml", "render.y*ml", "fly.toml", "Procfile", "app.json", "firebase.json",
            "mix.exs", "rebar.config", "dune-project", "*.cabal", "stack.yaml", "*.rockspec", "DESCRIPTION", "Project.toml",
            "vite.config.*", "webpack.config.*", "rollup.config.*", "next.config.*", "tsconfig*.json", "Vagrantfile",
        ),
    ),
    (
        Kind("rules", "an agent's or editor's rules"),
        ("*.mdc", ".cursorrules", ".windsurfrules", ".clinerules", ".roorules", ".aider.conf.yml", ".vscode/", ".zed/", ".idea/"),
    ),
    (
        Kind("test", "a test"),
        (
            "tests/", "test/", "__tests__/", "spec/", "specs/", "testing/", "e2e/", "test_*.py", "*_test.py", "conftest.py",
            "*_test.go", "*.test.*", "*.spec.[jt]s*", "*Test.java", "*Tests.cs", "*_spec.rb", "*.bats",
        ),
    ),
    (
        Kind("script", "a script"),
        (
            "*.sh", "*.bash", "*.zsh", "*.fish", "*.ksh", "*.csh", "*.ps1", "*.psm1", "*.bat", "*.cmd", "*.awk", "*.applescript",
            "scripts/", "script/", "bin/", "tools/", "hack/",
        ),
    ),
    (
        Kind("data", "a settings or data file"),
        ("*.json", "*.json5", "*.jsonc", "*.y*ml", "*.toml", "*.ini", "*.cfg", "*.conf", "*.xml", "*.plist", "*.properties", ".env*"),
    ),
    (Kind("page", "a page of the documentation"), ("*.rst", "*.adoc", "*.asciidoc", "*.org", "*.tex", "*.typ")),
)  # fmt: skip
"""Kind and globs of its files; the first that has one decides, and what none has is source code."""

_FOLDERS = frozenset(
    {
        "node_modules", "vendor", "vendored", "third_party", "third-party", "thirdparty", "site-packages", ".venv", "venv",
        "__pycache__",
    }
)  # fmt: skip
"""Other people's code."""

_ENDINGS = (
    # what programs write
    ".lock", "-lock.json", "-lock.yaml", "-lock.yml", "npm-shrinkwrap.json", "go.sum", ".min.js", ".min.css", ".map", ".snap",
    # patterns: they name files without needing them
    "ignore", ".gitattributes", "-ignore-revs", ".gitmodules",
    # text for people: its links and code spans are rewritten, and another log needs nothing
    ".md", ".markdown", ".mdown", ".mkd", ".mdx", ".html", ".htm", ".xhtml", ".txt", ".log", ".out", ".patch", ".diff",
    # rows, pictures, binaries
    ".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".pdf", ".zip",
    ".gz", ".xz", ".bz2", ".whl", ".jar", ".exe", ".dll", ".so", ".dylib", ".o", ".a", ".bin", ".pkl", ".npy", ".npz", ".woff",
    ".woff2", ".ttf", ".otf", ".mp3", ".mp4", ".wav", ".db", ".sqlite", ".sqlite3", ".pt", ".onnx", ".safetensors", ".pyc",
    # what an agent is allowed to run, and our own settings
    ".claude/settings.json", ".claude/settings.local.json", "repoops.yaml",
)  # fmt: skip

_READ = ("cmakelists.txt", "meson_options.txt", "requirements.txt", "_sidebar.md", "_navbar.md")
_IMPORTING = ("claude.md", "claude.local.md", "agents.md", "gemini.md", "agent.md")
_IMPORT = Kind("import", "an agent's instructions")


def is_read(path: RelPath) -> bool:
    """Whether a file may need what it names; cheap, for it is asked of every file."""
    lower = path.lower()
    if lower.endswith(_ENDINGS) and not lower.endswith((*_READ, *_IMPORTING)):
        return False
    return _FOLDERS.isdisjoint(lower.split("/")[:-1])


def kind_of(path: RelPath) -> Kind:
    """The kind of a file that is read."""
    if posixpath.basename(path).lower() in _IMPORTING:
        return _IMPORT
    return next((kind for kind, globs in _KINDS if deciding(path, globs) is not None), SOURCE)


def is_import(kind: Kind) -> bool:
    """Whether only `@path` counts in files of this kind: an agent reads in what stands there."""
    return kind is _IMPORT
