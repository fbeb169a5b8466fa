"""A made-up translation study for tests of tables, figures and report; every number is invented.

The shape is real: a base, an expert per pair, joint models, groups of two families and more, with
cross-lingual collapse, merges that lose more from English than into English, missing values.
"""

import numpy as np
import pandas as pd

METHODS = ("task_arithmetic", "ties", "dare", "sce")
SIGNATURES = {"bleu": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"}


def datasets(languages):
    into = [f"translation/{code}-en" for code in languages]
    return into, [f"translation/en-{code}" for code in languages]


def groups(languages=("hi", "bn", "ta", "te")):
    """Families of groups, each with its data sets in order."""
    into, out = datasets(languages)
    both = {f"bidirectional-{c}": [f"translation/en-{c}", f"translation/{c}-en"] for c in languages}
    return {
        "many-to-one": {"many-to-one": into},
        "one-to-many": {"one-to-many": out},
        "bidirectional": both,
    }


def models(languages):
    """(model, kind, expert, group, method, data sets it is evaluated on)."""
    into, out = datasets(languages)
    yield "base", "base", "", "", "", into + out
    for dataset in into + out:
        name = dataset.split("/")[1]
        yield f"experts/{name}", "expert", name, "", "", into if dataset in into else out
    yield "joint/all", "joint", "", "", "", into + out
    yield "joint/from-english", "joint", "", "", "", out
    yield "joint/to-english", "joint", "", "", "", into
    for family in groups(languages).values():
        for group, members in family.items():
            for method in METHODS:
                yield f"merges/{group}/{method}", "merge", "", group, method, members


def bleu(kind, expert, dataset, rng):
    """An invented score: experts shine on their own pair, and collapse elsewhere from English."""
    into = dataset.endswith("-en")
    own = dataset.split("/")[1] == expert
    level = {
        "base": 11.0 if into else 3.0,
        "expert": (34.0 if into else 26.0) if own else (9.0 if into else 0.3),
        "joint": 31.0 if into else 22.0,
        "merge": 17.0 if into else 4.5,
    }[kind]
    return float(level * rng.uniform(0.8, 1.25))


def scores(languages=("hi", "bn", "ta", "te"), seed=0):
    """The long table comparisons/scores.tsv."""
    rng = np.random.default_rng(seed)
    rows = []
    for model, kind, expert, group, method, sets in models(languages):
        for dataset in sets:
            source, target = dataset.split("/")[1].split("-")
            value = bleu(kind, expert, dataset, rng)
            away = kind == "expert" and dataset.split("/")[1] != expert and target != "en"
            off = float(np.clip(0.97 if away else rng.beta(1, 12), 0, 1))
            for metric, number, width in (
                ("bleu", value, 1.4),
                ("chrf", 14 + 1.15 * value, 1.0),
                ("off_target", off, 0.02),
            ):
                rows.append(
                    {
                        "model": model,
                        "kind": kind,
                        "expert": expert,
                        "group": group,
                        "method": method,
                        "dataset": dataset,
                        "owner": f"experts/{dataset.split('/')[1]}",
                        "source_language": source,
                        "target_language": target,
                        "metric": metric,
                        "value": number,
                        "low": max(0.0, number - width),
                        "high": number + width,
                        "n": 1012,
                        "signature": SIGNATURES.get(metric, ""),
                    }
                )
    return pd.DataFrame(rows)


def retention(table):
    """The long table comparisons/retention.tsv that belongs to these scores."""
    values = table.set_index(["model", "dataset", "metric"])["value"]
    rows = []
    for row in table[(table.kind == "merge") & (table.metric != "off_target")].to_dict("records"):
        where = row["dataset"], row["metric"]
        base, joint = values[("base", *where)], values[("joint/all", *where)]
        own, merged = values[(f"experts/{row['dataset'].split('/')[1]}", *where)], row["value"]
        rows.append(
            {key: row[key] for key in ("group", "method", "model", "dataset", "metric", "n")}
            | {"base": base, "expert": own, "joint": joint, "merged": merged}
            | {"retention": merged / own, "drop": own - merged}
            | {"low": row["low"] / own * 0.98, "high": row["high"] / own * 1.02}
            | {"p_base": 0.001 if abs(merged - base) > 2 else 0.3}
            | {"p_expert": 0.001 if abs(merged - own) > 2 else 0.2, "unlearnt": ""}
        )
    return pd.DataFrame(rows)


def sweep(parameters, names, seed=0):
    """A sweep's table: a row per grid point, one of them selected, one an alias."""
    rng = np.random.default_rng(seed)
    points = [{}]
    for key, grid in parameters.items():
        points = [point | {key: value} for point in points for value in grid]
    table = pd.DataFrame(points)
    slope = np.linspace(0.4, 1.0, len(points))
    for name in names:
        table[name] = rng.uniform(6, 20) * slope * rng.uniform(0.85, 1.1, len(points))
    table["mean"] = table[list(names)].mean(axis=1)
    table["selected"] = table["mean"] == table["mean"].max()
    table["alias_of"] = ""
    if len(points) > 2:
        table.loc[2, "alias_of"] = "1"
    return table


def sweeps(languages=("hi", "bn", "ta", "te")):
    """Sweeps of every group: {group: {method: table}}."""
    weights = [0.1, 0.2, 0.3, 0.4, 0.5]
    grids = {
        "task_arithmetic": {"weight": weights},
        "ties": {"density": [0.4, 0.5, 0.6, 0.7, 0.8, 0.9], "weight": weights, "scope": ["model"]},
        "dare": {"density": [0.1, 0.2, 0.3, 0.4], "weight": weights},
        "sce": {"select_topk": [0.1, 0.3, 0.5, 0.7, 0.9]},
    }
    every = {name: sets for family in groups(languages).values() for name, sets in family.items()}
    return {
        group: {name: sweep(grid, sets, at) for at, (name, grid) in enumerate(grids.items())}
        for group, sets in every.items()
    }


def search(names, points=20, seed=0):
    """A search's table: it climbs on the rows that it sees, and less on the others, which only
    candidates answer."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"generation": [0, *[1 + n // 6 for n in range(points - 2)], None]})
    climb = np.linspace(10, 20, points) + rng.uniform(-2, 2, points)
    best = np.maximum.accumulate(climb) == climb
    may = best | (np.arange(points) == points - 1)
    held = np.where(may, 8 + climb / 5, np.nan)
    table = table.assign(**dict.fromkeys(names, climb))
    table = table.assign(**{f"{name} (held)": held for name in names}, mean=climb, held=held)
    table["candidate"] = may
    table["selected"] = np.arange(points) == np.argmax(climb)
    table["whole"] = np.where(table["selected"], 13.0, np.nan)
    return table.assign(seconds=0.5, point=[f'{{"weight": {n}}}' for n in range(points)])


def curve(seed=0, steps=300, every=10):
    """A training log: step, tokens, seconds, loss, learning_rate, dev_loss (now and then)."""
    rng = np.random.default_rng(seed)
    step = np.arange(every, steps + 1, every)
    loss = 1.2 + 5 * np.exp(-step / 70) + rng.normal(0, 0.06, len(step))
    dev = np.where(step % (5 * every) == 0, 1.4 + 4.8 * np.exp(-step / 75), np.nan)
    return pd.DataFrame(
        {
            "step": step,
            "tokens": step * 2048,
            "seconds": step * 0.21,
            "loss": loss,
            "learning_rate": 1e-3 * np.minimum(1, step / 50),
            "dev_loss": dev,
        }
    )


def trained(languages=("hi", "bn", "ta", "te")):
    """Ids of the models that were trained."""
    return [row[0] for row in models(languages) if row[1] != "merge"]


def curves(languages=("hi", "bn", "ta", "te")):
    """Training logs of all trained models."""
    return {name: curve(at) for at, name in enumerate(trained(languages))}


TEXTS = {
    "en": ("The farmer bought three red mangoes.", "Her brothers were reading in the garden."),
    "hi": ("किसान ने तीन लाल आम खरीदे।", "उसके भाई बगीचे में पढ़ रहे थे।"),
    "bn": ("কৃষক তিনটি লাল আম কিনল।", "তার ভাইয়েরা বাগানে পড়ছিল।"),
    "ta": ("விவசாயி மூன்று சிவப்பு மாம்பழங்களை வாங்கினார்.", "அவள் சகோதரர்கள் தோட்டத்தில் படித்தார்கள்."),
    "te": ("రైతు మూడు ఎర్ర మామిడి పండ్లు కొన్నాడు.", "ఆమె సోదరులు తోటలో చదువుతున్నారు."),
}


def samples(languages=("hi", "bn", "ta", "te")):
    """Sentences side by side; the merges repeat words, answer in English, or say nothing."""
    into, out = datasets(languages)
    rows = []
    for dataset in into + out:
        pair = dataset.split("/")[1]
        source, target = pair.split("-")
        for at in range(2):
            good = TEXTS[target][at]
            merged = (
                (good.split()[0] + " ") * 3 if at else (TEXTS["en"][at] if target != "en" else "")
            )
            rows.append(
                {
                    "dataset": dataset,
                    "source_language": source,
                    "target_language": target,
                    "source": TEXTS[source][at],
                    "reference": good,
                    "outputs": {f"experts/{pair}": good, "merges/many-to-one/ties": merged},
                }
            )
    return rows


def training(languages=("hi", "bn", "ta", "te")):
    """training.json of every trained model."""
    return {
        name: {
            "steps": 300,
            "tokens": 614_400,
            "seconds": 63.0,
            "gpu_hours": 0.0,
            "peak_memory_bytes": 900 * 2**20,
            "first_loss": 6.2,
            "last_loss": 1.3,
            "dev_losses": {"150": 2.0, "300": 1.45},
            "unchanged_share": 0.001,
            "seed": 42,
        }
        for name in trained(languages)
    }
