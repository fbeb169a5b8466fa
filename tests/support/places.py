"""Where things lie: the project, its scripts, and real data that a machine may or may not have."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
SUPPORT = ROOT / "tests" / "support"
STUDIES = ROOT / "config" / "studies"
SHARED = ROOT.parent / "shared"
