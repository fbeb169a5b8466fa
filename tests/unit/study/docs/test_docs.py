"""The written description of a study: current, complete, and its example valid."""

import json

from places import ROOT

from babelmerge.study.docs import write as study_docs
from babelmerge.study.docs.examples import EXAMPLES
from babelmerge.study.grammar import study
from babelmerge.study.grammar import yaml as study_yaml
from babelmerge.study.grammar.methods import METHODS, PARAMETERS
from babelmerge.study.plan import expand as plan

CONFIG = ROOT / "config"
REMEDY = "run python -m babelmerge.study.docs (PYTHONPATH=workflow/scripts)"


def test_the_readme_is_current():
    assert (CONFIG / "README.md").read_text(encoding="utf-8") == study_docs.readme(), REMEDY


def test_the_schema_is_current():
    assert (CONFIG / "schema.json").read_text(encoding="utf-8") == study_docs.schema(), REMEDY


def test_every_key_has_a_description_and_an_example():
    schema = study.Study.model_json_schema(by_alias=True)
    for name, field in schema["properties"].items():
        assert field.get("description"), name
        assert study_yaml.parse(EXAMPLES[name]).keys() == {name}
    for name, model in schema["$defs"].items():
        for key, field in model.get("properties", {}).items():
            assert field.get("description"), f"{name}.{key}"


def test_the_examples_together_are_a_study():
    tree = study_yaml.Tree("example.yaml", study_yaml.parse(study_docs.example()))
    expanded = plan.expand(study.from_tree(tree))
    assert "merges/merged-merges/linear" in expanded.models


def test_every_study_fits_the_schema():
    import jsonschema

    schema = json.loads(study_docs.schema())
    check = jsonschema.validators.validator_for(schema)
    check.check_schema(schema)
    for path in sorted((CONFIG / "studies").glob("*.yaml")):
        check(schema).validate(study_yaml.read(path))


def test_every_parameter_is_described():
    assert {p for names in METHODS.values() for p in names} <= set(PARAMETERS)


def test_the_table_of_methods_agrees_with_what_merging_takes():
    from babelmerge.recipes import points as merge_parameters

    for method, defaults in merge_parameters.DEFAULTS.items():
        assert set(defaults) <= set(METHODS[method]), method


def test_the_defaults_of_training_are_those_that_training_runs():
    from babelmerge.training import settings as training_settings

    resolved = training_settings.resolve({"learning_rate": 1.0, "steps": 1, "batch_size": 1}, 0)
    written = json.loads(study_docs.schema())["$defs"]["Training"]["properties"]
    given = {"learning_rate", "steps", "batch_size", "seed"}
    defaults = {name: field.get("default") for name, field in written.items() if name not in given}
    assert defaults == {name: resolved[name] for name in defaults}
    assert defaults["scheduler"] == "constant"


def test_the_configuration_file_has_only_described_keys():
    config = study_yaml.read(CONFIG / "config.yaml")
    readme = study_docs.readme()
    for name in config:
        assert f"| `{name}` |" in readme
