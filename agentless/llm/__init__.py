"""Models behind servers: the client, the embedded server and its weights, and the shipped fakes.

::

    asking      client.py      OpenAIModel, a ChatModel on any OpenAI-compatible server
                connect.py     which model, which context, which key       probe.py     what a server offers
                pool.py        several servers, and what if one dies       failures.py  what to do about an error
                completion.py  bodies of requests and answers              seeds.py     seeds of requests
                thinking.py    the answer after the thinking               special.py   special tokens in prompts
                tokens.py      counting tokens
    serving     server.py      start, watch, stop a model server           guard.py     ends it with its parent
                kept.py        starts it again when it dies                scratch.py   its temporary folder
                llamacpp.py    the embedded server                         llamacpp_launcher.py  its process
    weights     weights.py     cache, check, lock                          sources.py   where they come from
    pretending  fake.py        ScriptedModel, ReplayModel

Nothing is imported here: `openai` and `httpx` cost a third of a second that only some commands need.
"""
