"""Small files in the formats in which authors publish their datasets, written here."""

from pathlib import Path
from typing import Any

import orjson

TRIVIAQA: dict[str, Any] = {
    "Domain": "Web",
    "Data": [
        {
            "QuestionId": "tc_1",
            "Question": "Which lighthouse stood in the harbour of Alexandria?",
            "Answer": {
                "Value": "Pharos",
                "Aliases": ["The Pharos", "Pharos Lighthouse"],
                "NormalizedAliases": ["pharos", "pharos lighthouse", "lighthouse of pharos"],
                "NormalizedValue": "pharos",
                "Type": "WikipediaEntity",
            },
            "EntityPages": [{"Title": "Pharos"}],
            "SearchResults": [{"Title": "Lighthouses", "Url": "https://example.org"}],
        },
        {
            "QuestionId": "tc_2",
            "Question": "Who built the tower of Ulm?",
            "Answer": {"Value": "Ulrich Ensinger", "HumanAnswers": ["Ensinger"]},
        },
    ],
}
HOTPOTQA: list[dict[str, Any]] = [
    {
        "_id": "h1",
        "question": "In which country is the tower that the mason Anselm built?",
        "answer": "Norway",
        "type": "bridge",
        "level": "hard",
        "supporting_facts": [["Anselm", 0], ["Tall Tower", 1], ["Anselm", 1]],
        "context": [
            ["Anselm", ["Anselm was a mason.", " He built the Tall Tower."]],
            ["Tall Tower", ["The Tall Tower is old. ", "It stands in Norway."]],
            ["Empty", [""]],
        ],
    },
    {
        "_id": "h2",
        "question": "Are Anselm and Berta both masons?",
        "answer": "no",
        "type": "comparison",
        "level": "easy",
        "supporting_facts": [["Anselm", 0], ["Berta", 0]],
        "context": [
            ["Anselm", ["Anselm was a mason.", " He built the Tall Tower."]],
            ["Berta", ["Berta was a painter."]],
            ["Tall Tower", ["Another tower of this name is in Chile."]],
        ],
    },
]
SQUAD: dict[str, Any] = {
    "version": "v2.0",
    "data": [
        {
            "title": "Old_Castle",
            "paragraphs": [
                {
                    "context": "The castle was found by Greta in 1802.",
                    "qas": [
                        {
                            "id": "s1",
                            "question": "Who found the castle?",
                            "answers": [
                                {"text": "Greta", "answer_start": 24},
                                {"text": "by Greta", "answer_start": 21},
                                {"text": "Greta", "answer_start": 24},
                            ],
                            "is_impossible": False,
                        },
                        {
                            "id": "s2",
                            "question": "Who burnt the castle?",
                            "answers": [],
                            "plausible_answers": [{"text": "Greta", "answer_start": 24}],
                            "is_impossible": True,
                        },
                    ],
                },
                {
                    "context": "Its tower is of chalk.",
                    "qas": [
                        {"id": "s3", "question": "Of what is the tower?", "answers": [{"text": "chalk"}]}
                    ],
                },
            ],
        },
        {
            "title": "Ship",
            "paragraphs": [
                {
                    "context": "The ship sank off Crete.",
                    "qas": [{"id": "s4", "question": "Where did it sink?", "answers": [{"text": "Crete"}]}],
                }
            ],
        },
    ],
}
BEIR: dict[str, bytes] = {
    "corpus.jsonl": b"\n".join(
        orjson.dumps(row)
        for row in (
            {"_id": "d1", "title": "Anselm", "text": "Anselm was a mason."},
            {"_id": "d2", "title": "", "text": "Berta was a painter."},
            {"_id": "d3", "title": "Ship", "text": "The ship sank."},
        )
    ),
    "queries.jsonl": b"\n".join(
        orjson.dumps(row)
        for row in (
            {"_id": "q1", "text": "who was a mason", "metadata": {}},
            {"_id": "q2", "text": "who worked with the hands"},
            {"_id": "q3", "text": "what sank", "metadata": {"answer": "a ship"}},
            {"_id": "q4", "text": "judged only by others"},
        )
    ),
    "qrels/test.tsv": (
        b"query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t2\nq2\td1\t1\nq2\td3\t0\nq3\td3\t1\nq3\td3\t1\n"
    ),
}


def write_beir(folder: Path) -> Path:
    """Write a BEIR folder, with files that are nobody's business."""
    (folder / "qrels").mkdir(parents=True)
    for name, data in {**BEIR, "qrels/train.tsv": b"nonsense", "README.md": b"# Read me\ntext"}.items():
        (folder / name).write_bytes(data)
    return folder
