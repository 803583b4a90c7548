"""The script that Streamlit runs for each visitor."""

# A process that Python starts beside this one reads its main script too, under another name.
if __name__ == "__main__":
    from gradflow.ui.navigation import navigate

    navigate()
