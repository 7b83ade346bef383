"""The widget beside rasa-webchat: what a page's visitors load."""
