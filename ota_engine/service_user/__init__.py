"""A DUIS Service User: makes, signs and sends requests, takes and judges what comes back.

It stands outside the head end and shares nothing with it but the codec of documents and what carries HTTP.
"""
