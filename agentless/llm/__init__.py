"""Models behind servers: the client, the embedded server and its weights, and the shipped fakes.

::

    client.py     OpenAIModel: any OpenAI-compatible server      fake.py      ScriptedModel, ReplayModel
    thinking.py   completion -> answer                           seeds.py     seeds of requests
    tokens.py     counting tokens                                weights.py   fetching the embedded weights
    server.py     start, check and stop a model server           llamacpp.py  the embedded llama.cpp server
"""
